/** @file A stage's turns: the first attempt and those that follow a failure. */
import type { StageFailure } from '../event.ts';
import type { Resources, RetryCause, Stage } from '../pipeline/graph.ts';
import type { Ended } from './attempt.ts';
import type { RunContext } from './context.ts';
import { nextRetry } from './retry.ts';
import { after } from './timer.ts';

export interface Turn {
  /** Attempts of this run with this one, from 1. */
  readonly tries: number;
  readonly resources: Resources;
  /** How the attempt before ended. */
  readonly failed: { readonly failure: StageFailure; readonly seconds: number } | undefined;
}

export interface RetryTurn {
  readonly turn: Turn;
  /** Seconds. */
  readonly wait: number;
  readonly cause: RetryCause;
  readonly failure: StageFailure;
}

/** The turn that follows an end, if another is worth it. `stage` has the resources of the turn that ended. */
export function retryAfter(stage: Stage, { tries }: Turn, ended: Ended): RetryTurn | undefined {
  if (ended.kind !== 'failed') return undefined;
  const { cause, failure, seconds } = ended;
  const next = nextRetry(stage.retries, tries - 1, stage.resources, cause, failure);
  if (next === undefined) return undefined;
  const turn = { tries: tries + 1, resources: next.resources, failed: { failure, seconds } };
  return { turn, wait: next.wait, cause: cause === 'invalid' ? 'error' : cause, failure };
}

export function announceRetry({ emit }: RunContext, stage: Stage, retry: RetryTurn): void {
  const { turn, wait, cause, failure } = retry;
  const count = { retry: turn.tries - 1, of: stage.retries.max };
  emit({ type: 'stage-retrying', at: Date.now(), stage: stage.id, ...count, cause, failure, wait });
}

/** Goes on after so many seconds, or as soon as the signal says that there is nothing to wait for. */
export function pause(seconds: number, stop: AbortSignal | undefined, goOn: () => void): void {
  if (seconds === 0 || stop?.aborted) {
    goOn();
    return;
  }
  const cancel = after(seconds * 1000, done);
  stop?.addEventListener('abort', done);

  function done(): void {
    cancel();
    stop?.removeEventListener('abort', done);
    goOn();
  }
}
