/** @file What a run does without when something around it cannot be written: it goes on, and says so. */
import type { Diagnostic } from '../../base/diagnostic.ts';
import { type Locks, noLocks, openLocks } from '../../cache/locks.ts';
import { errnoOf } from '../../cache/publish.ts';
import type { StageFailure } from '../event.ts';

export function locksOrNone(cache: string): { readonly locks: Locks; readonly fault?: Diagnostic } {
  try {
    return { locks: openLocks(cache) };
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    const message = `The cache cannot be written: ${(error as Error).message}.`;
    const hint = 'results are used in this run and not kept; WARREN_CACHE names another folder';
    return { locks: noLocks, fault: { code: 'cache-write', severity: 'warning', message, hint } };
  }
}

export function journalFault(why: string): Diagnostic {
  const message = `The journal of this run is not whole: ${why}.`;
  return { code: 'journal-write', severity: 'warning', message, hint: 'status and logs know less of it' };
}

/** An output that the cache could not take serves this run from where it is. */
export function unstored(stage: string, why: string): Diagnostic {
  const message = `The result of ${stage} could not be stored: ${why}.`;
  const hint = why.startsWith('ENOSPC')
    ? 'it is used in this run only; free some space, or move the cache with WARREN_CACHE'
    : 'it is used in this run only; WARREN_CACHE names another folder';
  return { code: 'cache-write', severity: 'warning', message, hint };
}

/** Undefined for anything but the system's refusal. */
export function cannotWrite(what: string, error: unknown): StageFailure | undefined {
  if (errnoOf(error) === undefined) return undefined;
  const message = `${what} cannot be written: ${(error as Error).message}.`;
  return { code: 'cannot-write', message, hint: 'free some space, or move .warren with WARREN_HOME' };
}
