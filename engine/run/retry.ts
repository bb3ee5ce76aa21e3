/** @file Whether a failed attempt is followed by another, after which wait, and with which resources. */
import type { StageFailure } from '../event.ts';
import type { Resources, Retries, RetryCause } from '../pipeline/graph.ts';

/** `invalid`: what was asked for cannot be done, and trying again would say so again. */
export type FailureCause = RetryCause | 'invalid';

/** What a stage has no part in: tried again without `retries:`, so often in a row, after waits that double. */
export const FREE_CAUSES: ReadonlySet<FailureCause> = new Set(['preempted', 'node-lost', 'launch-failed']);
export const MOST_FREE = 5;
const FREE_WAIT = 1;

/** Seconds. A wait that doubles has to end somewhere. */
const MOST_WAIT = 3600;

export interface Retry {
  /** The one that follows, counted from 1. */
  readonly number: number;
  readonly wait: number;
  readonly resources: Resources;
}

/** After an attempt that its place ended; `row`: how many of these came before it in a row. */
export function freeRetry(
  { on }: Retries,
  row: number,
  resources: Resources,
  cause: FailureCause,
): Retry | undefined {
  if (cause === 'invalid' || !on.includes(cause) || row >= MOST_FREE) return undefined;
  return { number: row + 1, wait: FREE_WAIT * 2 ** row, resources };
}

/** Resources are those of the attempt that failed, `earlier` the retries before it. */
export function nextRetry(
  { max, on, grow, wait, backoff }: Retries,
  earlier: number,
  resources: Resources,
  cause: FailureCause,
  { exitCode }: Pick<StageFailure, 'exitCode'>,
): Retry | undefined {
  const named = exitCode !== undefined && on.includes(exitCode);
  if (earlier >= max || !(named || (cause !== 'invalid' && on.includes(cause)))) return undefined;
  const memory = cause === 'oom' ? Math.ceil(resources.memory * grow.memory) : resources.memory;
  const time = cause === 'timeout' ? resources.time * grow.time : resources.time;
  return {
    number: earlier + 1,
    wait: Math.min(wait * backoff ** earlier, Math.max(wait, MOST_WAIT)),
    resources: { ...resources, memory, time },
  };
}
