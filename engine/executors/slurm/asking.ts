/** @file What Slurm says of jobs that are followed: asked for all at once, seldom, and never twice at a time. */
import type { Handle } from '../contract.ts';
import type { Word } from '../records/state.ts';
import type { Client } from './client.ts';
import { wordsOf } from './words.ts';

export interface Pace {
  /** Milliseconds between two questions: at first, and after many. */
  readonly least: number;
  readonly most: number;
}

export const PACE: Pace = { least: 2000, most: 30_000 };

export interface Asking {
  /** What was said last. */
  word(name: string): Word;
  /** Asks about all of them if it is time, and answers the names of those of whom something else is said now. */
  ask(handles: readonly Handle[]): Promise<readonly string[]>;
  /** Something was submitted or cancelled, or ended oddly: there will be news soon. `now`: ask at the next occasion. */
  quicken(now?: 'now'): void;
}

/** `seed`: engines that begin together do not ask together. */
export function asking(client: Client, seed: string, pace: Pace = PACE): Asking {
  const said = new Map<string, Word>();
  let pause = pace.least;
  let next = 0;
  let under: Promise<readonly string[]> | undefined;
  const jitter = 0.9 + (0.2 * hash(seed)) / 2 ** 32;

  async function askNow(handles: readonly Handle[]): Promise<readonly string[]> {
    const answered = await wordsFrom(client, handles);
    const changed = [...answered].flatMap(([name, word]) =>
      JSON.stringify(said.get(name)) === JSON.stringify(word) ? [] : [name],
    );
    for (const [name, word] of answered) said.set(name, word);
    const silent = [...answered.values()].some(({ kind }) => kind === 'silent');
    pause = changed.length > 0 && !silent ? pace.least : Math.min(pause * 1.5, pace.most);
    next = performance.now() + pause * jitter;
    return changed;
  }

  return {
    word: (name) => said.get(name) ?? { kind: 'not-asked' },
    ask: async (handles) => {
      if (under !== undefined || handles.length === 0 || performance.now() < next) return [];
      under = askNow(handles);
      try {
        return await under;
      } finally {
        under = undefined;
      }
    },
    quicken: (now) => {
      pause = pace.least;
      next = now === 'now' ? 0 : Math.min(next, performance.now() + pause * jitter);
    },
  };
}

async function wordsFrom(client: Client, handles: readonly Handle[]): Promise<Map<string, Word>> {
  const words = new Map<string, Word>();
  const all = (kind: Word): Map<string, Word> => new Map(handles.map(({ name }) => [name, kind]));
  const bases = [...new Set(handles.map(({ id }) => baseOf(id)))];
  const queue = await client.queue('jobs', bases);
  if (!queue.ok) return all({ kind: 'silent', why: queue.error.message });
  const known = wordsOf(queue.value);
  const gone = handles.filter(({ id }) => !known.has(id));
  const accounting =
    gone.length === 0
      ? undefined
      : await client.accounting(
          'jobs',
          gone.map(({ id }) => id),
        );
  const past = wordsOf(accounting?.ok === true ? accounting.value : []);
  // The queue does not tell codes, and they matter only where a job ended without a record of its own.
  const ended = handles.filter(({ id }) => {
    const word = known.get(id);
    return word?.kind === 'over' && word.cause === undefined;
  });
  const details = ended.length === 0 ? undefined : await client.details(ended.map(({ id }) => id));
  const exact = wordsOf(details?.ok === true ? details.value : []);
  for (const { name, id } of handles) {
    const word = exact.get(id) ?? known.get(id) ?? past.get(id);
    if (word !== undefined) words.set(name, word);
    else if (accounting?.ok === false) words.set(name, { kind: 'silent', why: accounting.error.message });
    else words.set(name, { kind: 'nobody' });
  }
  return words;
}

/** `6_3` -> `6` */
function baseOf(id: string): string {
  return id.split('_')[0] ?? id;
}

function hash(text: string): number {
  let value = 2166136261;
  for (const character of text) value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 16777619) >>> 0;
  return value;
}
