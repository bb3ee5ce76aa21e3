/** @file Submissions that are ready at about the same time go out in one call, and those that may pass later again. */
import type { Result } from '../../../base/result.ts';
import type { Executor, ExecutorFault, Handle, Submission } from '../contract.ts';

/** So long nothing more may become ready before what is there goes out, and so long the first waits at most. Milliseconds. */
const QUIET = 100;
const LONGEST = 1000;
/** Before a submission is tried again, growing. Milliseconds. */
const FIRST_WAIT = 1000;
const MOST_WAIT = 60_000;

/** Who wants a submission to go out, and hears what came of it. */
interface Submitter {
  readonly submission: Submission;
  /** Asked at the last moment, and after each failure. */
  wanted(): boolean;
  accepted(handle: Handle): void;
  refused(fault: ExecutorFault): void;
  /** It could not be submitted, or nobody knows whether it was; it is tried again unless it is wanted no more. */
  waits(fault: ExecutorFault): void;
  /** It is wanted no more. `doubtful`: it may be there all the same. */
  dropped(doubtful: boolean): void;
}

interface Entry {
  readonly of: Submitter;
  wait: number;
  doubtful: boolean;
  timer: NodeJS.Timeout | undefined;
}

export interface Submitting {
  add(of: Submitter): void;
  /** `wanted` may answer otherwise than before. */
  reconsider(): void;
  stop(): void;
}

export function makeSubmitting(executor: Executor, crash: (error: unknown) => void): Submitting {
  let ready: Entry[] = [];
  const waiting = new Set<Entry>();
  let quiet: NodeJS.Timeout | undefined;
  let first = 0;
  let busy = false;

  function enqueue(entry: Entry): void {
    if (!executor.capabilities.arrays) {
      send([entry]).catch(crash);
      return;
    }
    if (ready.length === 0) first = performance.now();
    ready.push(entry);
    clearTimeout(quiet);
    const left = first + LONGEST - performance.now();
    quiet = setTimeout(flush, Math.max(0, Math.min(QUIET, left)));
  }

  /** One call at a time: what becomes ready meanwhile makes the next. */
  function flush(): void {
    if (busy || ready.length === 0) return;
    clearTimeout(quiet);
    const entries = ready;
    ready = [];
    busy = true;
    send(entries)
      .finally(() => {
        busy = false;
        flush();
      })
      .catch(crash);
  }

  async function send(entries: readonly Entry[]): Promise<void> {
    const wanted = entries.filter(isWanted);
    if (wanted.length === 0) return;
    const answers = await executor.submit(wanted.map(({ of }) => of.submission));
    if (answers.length !== wanted.length) {
      throw new Error(`Internal error: ${executor.shown} answered ${answers.length} of ${wanted.length}`);
    }
    for (const [i, answer] of answers.entries()) settle(wanted[i] as Entry, answer);
  }

  function settle(entry: Entry, answer: Result<Handle, ExecutorFault>): void {
    if (answer.ok) {
      entry.of.accepted(answer.value);
      return;
    }
    if (!answer.error.passing) {
      entry.of.refused(answer.error);
      return;
    }
    entry.doubtful = true;
    entry.of.waits(answer.error);
    if (!isWanted(entry)) return;
    waiting.add(entry);
    entry.timer = setTimeout(() => {
      waiting.delete(entry);
      enqueue(entry);
    }, entry.wait);
    entry.wait = Math.min(2 * entry.wait, MOST_WAIT);
  }

  function isWanted({ of, doubtful }: Entry): boolean {
    if (of.wanted()) return true;
    of.dropped(doubtful);
    return false;
  }

  return {
    add: (of) => enqueue({ of, wait: FIRST_WAIT, doubtful: false, timer: undefined }),
    reconsider: () => {
      for (const entry of [...waiting]) {
        if (entry.of.wanted()) continue;
        clearTimeout(entry.timer);
        waiting.delete(entry);
        entry.of.dropped(entry.doubtful);
      }
      ready = ready.filter(isWanted);
    },
    stop: () => {
      clearTimeout(quiet);
      for (const { timer } of waiting) clearTimeout(timer);
    },
  };
}
