/** @file Attempts that are to end: told together, told again, and at last left where nobody can be reached. */
import type { Executor, Handle } from '../contract.ts';

/** What one was told. Milliseconds; times are of this process. */
export interface Cancelled {
  readonly grace: number;
  readonly at: number;
  sent: number | undefined;
}

/** So long after the grace it is told again: the word may have been lost on its way. */
const AGAIN = 30_000;
/** So long after the grace somebody has to be reached; then it is left. */
const LEAVE = 5000;

/** `sent` is called once the executor has passed it on. */
export function makeCancelling(
  executor: Executor,
  sent: () => void,
  crash: (error: unknown) => void,
): (handle: Handle, cancelled: Cancelled) => void {
  const groups = new Map<number, Handle[]>();
  return (handle, cancelled) => {
    cancelled.sent = performance.now();
    const { grace } = cancelled;
    const group = groups.get(grace);
    if (group !== undefined) {
      group.push(handle);
      return;
    }
    const handles = [handle];
    groups.set(grace, handles);
    // One call for all that are told in the same turn.
    queueMicrotask(() => {
      groups.delete(grace);
      executor.cancel(handles, grace).then(sent).catch(crash);
    });
  };
}

export function isToldAgain({ grace, sent }: Cancelled): boolean {
  return sent !== undefined && performance.now() - sent > grace + AGAIN;
}

/** Milliseconds until one that nobody can be asked about is left; 0 or less: now. */
export function untilLeft({ grace, at }: Cancelled): number {
  return at + grace + LEAVE - performance.now();
}
