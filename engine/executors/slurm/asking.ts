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
  /** What was said last; asks when it is time, and waits for the answer for no longer than `patience` milliseconds. */
  words(handles: readonly Handle[], patience: number): Promise<ReadonlyMap<string, Word>>;
  /** Something was submitted or cancelled: there will be news soon. */
  quicken(): void;
  /** Whoever hears of answers that come later. */
  onAnswer(listen: () => void): void;
}

/** `seed`: engines that begin together do not ask together. */
export function asking(client: Client, seed: string, pace: Pace = PACE): Asking {
  let said: ReadonlyMap<string, Word> = new Map();
  let pause = pace.least;
  let next = 0;
  let under: Promise<void> | undefined;
  let heard = (): void => {};
  const jitter = 0.9 + (0.2 * hash(seed)) / 2 ** 32;

  async function ask(handles: readonly Handle[]): Promise<void> {
    const answered = await wordsFrom(client, handles);
    const changed = [...answered].some(([name, word]) => said.get(name)?.kind !== word.kind);
    // What was known of others stays: they may be asked about again.
    said = new Map([...said, ...answered]);
    const silent = [...answered.values()].some(({ kind }) => kind === 'silent');
    if (changed && !silent) pause = pace.least;
    else pause = Math.min(pause * 1.5, pace.most);
    next = performance.now() + pause * jitter;
    if (changed) heard();
  }

  return {
    async words(handles, patience) {
      if (under === undefined && performance.now() >= next && handles.length > 0) {
        under = ask(handles).finally(() => {
          under = undefined;
        });
      }
      if (under !== undefined) await Promise.race([under, sleep(patience)]);
      return said;
    },
    quicken: () => {
      pause = pace.least;
      next = Math.min(next, performance.now() + pause * jitter);
    },
    onAnswer: (listen) => {
      heard = listen;
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
  const accounting = gone.length === 0 ? undefined : await client.accounting('jobs', gone.map(({ id }) => id));
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

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
