/** @file What a scheduler says of jobs that are followed: asked for all at once, seldom, and never twice at a time. */
import type { Handle } from '../contract.ts';
import type { Word } from '../records/state.ts';

/** An answer for each handle, by name. */
export type Question = (handles: readonly Handle[]) => Promise<ReadonlyMap<string, Word>>;

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
export function asking(question: Question, seed: string, pace: Pace = PACE): Asking {
  const said = new Map<string, Word>();
  let pause = pace.least;
  let next = 0;
  let under: Promise<readonly string[]> | undefined;
  const jitter = 0.9 + (0.2 * hash(seed)) / 2 ** 32;

  async function askNow(handles: readonly Handle[]): Promise<readonly string[]> {
    const answered = await question(handles);
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

function hash(text: string): number {
  let value = 2166136261;
  for (const character of text) value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 16777619) >>> 0;
  return value;
}
