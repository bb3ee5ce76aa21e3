/** @file Whether a failed attempt is followed by another, after which wait, and with which resources. */
import type { StageFailure } from '../event.ts';
import type { Resources, Retries, RetryCause } from '../pipeline/graph.ts';

/** `invalid`: what was asked for cannot be done, and trying again would say so again. */
export type FailureCause = RetryCause | 'invalid';

/** Seconds. A wait that doubles has to end somewhere. */
const MOST_WAIT = 3600;

export interface Retry {
  /** The one that follows, counted from 1. */
  readonly number: number;
  readonly wait: number;
  readonly resources: Resources;
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
