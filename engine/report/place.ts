/** @file Where an attempt is, in words. Hosts, ids and reasons are what a scheduler says: shown safely, and not at any length. */
import type { EventOf } from '../event.ts';
import { type Line, padded, span } from './line.ts';
import { VERB_WIDTH } from './lines.ts';
import { plural } from './quantity.ts';
import { safe } from './safe.ts';
import { cut } from './width.ts';

type Placed = EventOf<'stage-placed'>;

const MOST_WORD = 64;
const MOST_WHY = 160;

/** `on slurm: Priority` of what waits; `on rig1, 2 GPUs` of what runs, and why it could not be asked, if so. With `job`, also what it is called there. */
export function placeText(event: Placed, job: 'job' | 'no job' = 'no job'): string {
  const { state, profile, host, gpus = [], why, adopted } = event;
  const parts = [`on ${short(state === 'running' ? (host ?? profile) : profile, MOST_WORD)}`];
  if (state === 'running' && gpus.length > 0) parts.push(plural(gpus.length, 'GPU'));
  if (job === 'job' && event.job !== undefined) parts.push(`job ${short(event.job, MOST_WORD)}`);
  if (job === 'job' && adopted) parts.push('submitted by an earlier run');
  const reason = why !== undefined && why !== '' ? `: ${short(why, MOST_WHY)}` : '';
  return `${parts.join(', ')}${reason}`;
}

function short(text: string, most: number): string {
  const clean = safe(text);
  const kept = cut(clean, most);
  return kept.length < clean.length ? `${kept}…` : kept;
}

/** `sft  queued  on slurm, job 4711: Priority` */
export function placeLine(event: Placed, columns: number): Line {
  return [
    padded(event.stage, columns, 'strong'),
    span('  '),
    padded(event.state, VERB_WIDTH, event.state === 'queued' ? 'warn' : 'dim'),
    span('  '),
    span(placeText(event, 'job')),
  ];
}

/**
 * Which of these events is worth a line of its own: another state or host at once, and another reason to wait only after
 * a while, since schedulers change theirs at every look.
 */
export function tellsNews(event: Placed, last: Placed | undefined, patience: number): boolean {
  if (last === undefined) return true;
  const same = (['state', 'profile', 'host', 'job'] as const).every((field) => event[field] === last[field]);
  return !same || (event.why !== last.why && event.at - last.at >= patience);
}
