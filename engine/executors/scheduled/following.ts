/** @file How long jobs show no life, by our own clock: records and the scheduler's words over time become states. */
import type { State } from '../contract.ts';
import type { Records } from '../records/records.ts';
import { stateOf, type Word } from '../records/state.ts';

export interface Following {
  state(name: string, records: Records, word: Word): State;
  /** Those whose patience has ended since, so that their state is another by now. */
  due(): readonly string[];
}

interface Silence {
  /** Since when nothing lives. Milliseconds of this process. */
  since: number;
  beat: string | undefined;
}

/** Between two states of one that shows no life: it may be told apart then. Milliseconds. */
const STEP = 1000;

/** `grace`: milliseconds after which one that nobody knows is lost. */
export function following(grace: number): Following {
  const silences = new Map<string, Silence>();
  let looked = 0;

  function silenceOf(name: string, { beat, exit }: Records, word: Word): number {
    // What lives, by its scheduler or by its own heartbeat.
    const lives = word.kind === 'queued' || (word.kind === 'running' && exit === undefined);
    if (lives || word.kind === 'silent' || word.kind === 'not-asked') {
      silences.delete(name);
      return 0;
    }
    const now = performance.now();
    const silence = silences.get(name);
    if (silence === undefined || silence.beat !== beat) {
      silences.set(name, { since: now, beat });
      return 0;
    }
    return now - silence.since;
  }

  return {
    state: (name, records, word) => {
      const gone = silenceOf(name, records, word);
      const state = stateOf(records, word, { gone, grace });
      if (state.kind === 'ended' || state.kind === 'lost') silences.delete(name);
      return state;
    },
    due: () => {
      const now = performance.now();
      if (now - looked < Math.min(STEP, grace)) return [];
      looked = now;
      return [...silences.keys()];
    },
  };
}
