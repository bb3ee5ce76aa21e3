/** @file A stage's turns: the first attempt and those that follow a failure. */
import type { StageFailure } from '../event.ts';
import type { Resources, RetryCause, Stage } from '../pipeline/graph.ts';
import type { Ended } from './attempt.ts';
import type { RunContext } from './context.ts';
import { freeRetry, MOST_FREE, nextRetry } from './retry.ts';
import { after } from './timer.ts';

export interface Turn {
  /** Attempts of this run with this one, from 1. */
  readonly tries: number;
  /** Of those that failed: how many count against `retries:`, and how many the place ended in a row just now. */
  readonly counted: number;
  readonly row: number;
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
  /** Which retry it is, and how many there may be. */
  readonly retry: number;
  readonly of: number;
}

/** The turn that follows an end, if another is worth it. Resources are those of the turn that ended. */
export function retryAfter(
  { retries, resources }: Pick<Stage, 'retries' | 'resources'>,
  turn: Turn,
  ended: Ended,
): RetryTurn | undefined {
  if (ended.kind !== 'failed') return undefined;
  const { cause, failure, seconds, byPlace } = ended;
  const { tries, counted, row } = turn;
  const free = byPlace ? freeRetry(retries, row, resources, cause) : undefined;
  const next = free ?? nextRetry(retries, counted, resources, cause, failure);
  if (next === undefined) return undefined;
  const counts = free === undefined ? { counted: counted + 1, row: 0 } : { counted, row: row + 1 };
  const said = { cause: cause === 'invalid' ? ('error' as const) : cause, failure, retry: next.number };
  return {
    turn: { tries: tries + 1, ...counts, resources: next.resources, failed: { failure, seconds } },
    wait: next.wait,
    of: free === undefined ? retries.max : MOST_FREE,
    ...said,
  };
}

export function announceRetry({ emit }: RunContext, stage: Stage, retry: RetryTurn): void {
  const { wait, cause, failure, retry: number, of } = retry;
  const { memory, time } = retry.turn.resources;
  emit({
    type: 'stage-retrying',
    at: Date.now(),
    stage: stage.id,
    retry: number,
    of,
    cause,
    failure,
    wait,
    memory: memory > stage.resources.memory ? memory : undefined,
    time: time > stage.resources.time ? time : undefined,
  });
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

/** What comes of it; undefined if nothing has, so many milliseconds after the run was stopped. */
export async function unlessStopped<T>(
  work: Promise<T>,
  stop: AbortSignal | undefined,
  patience: number,
): Promise<T | undefined> {
  if (stop === undefined) return work;
  let timer: NodeJS.Timeout | undefined;
  let listen: (() => void) | undefined;
  const stopped = new Promise<undefined>((resolve) => {
    listen = () => {
      timer = setTimeout(() => resolve(undefined), patience);
    };
    if (stop.aborted) listen();
    else stop.addEventListener('abort', listen);
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    clearTimeout(timer);
    if (listen !== undefined) stop.removeEventListener('abort', listen);
  }
}
