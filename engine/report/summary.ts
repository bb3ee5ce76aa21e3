import type { Action } from '../event.ts';
import { type Line, type Span, span, type Tone } from './line.ts';
import type { Tally } from './tally.ts';

const WORDS: { readonly [A in Action]: { readonly word: string; readonly tone: Tone } } = {
  ran: { word: 'ran', tone: 'good' },
  restored: { word: 'restored', tone: 'info' },
  fresh: { word: 'fresh', tone: 'dim' },
  failed: { word: 'failed', tone: 'bad' },
  skipped: { word: 'skipped', tone: 'warn' },
  cancelled: { word: 'cancelled', tone: 'warn' },
};

/** `12 ran, 7 restored, 2 running, 4 waiting`; what is zero is left out. */
export function countLine(tally: Tally, runningWord = 'running'): Line {
  const parts = (Object.keys(WORDS) as Action[]).map((action) => ({
    count: tally.count(action),
    ...WORDS[action],
  }));
  if (tally.ended === undefined) {
    parts.push({ word: runningWord, tone: 'plain', count: tally.running.size - tally.queued });
    parts.push({ word: 'queued', tone: 'plain', count: tally.queued });
    parts.push({ word: 'waiting', tone: 'plain', count: tally.waiting });
  }
  const shown = parts.filter(({ count }) => count > 0);
  if (shown.length === 0) return [span('no stages')];
  return shown.flatMap(({ count, word, tone }, at): Span[] => {
    const part = span(`${count} ${word}`, tone);
    return at === 0 ? [part] : [span(', '), part];
  });
}
