/** @file What a lock file does not say, or says otherwise: what `--frozen` refuses. */
import type { StageId } from '../../base/ids.ts';
import type { LockEntries, LockEntry } from './format.ts';

export interface LockFault {
  readonly stage: StageId;
  readonly fault: 'missing' | 'other-key' | 'other-output';
}

/** The first fault of every stage whose result is not the one that the lock file names. */
export function lockFaults(
  lock: LockEntries,
  results: Iterable<readonly [stage: StageId, result: LockEntry]>,
): LockFault[] {
  const faults: LockFault[] = [];
  for (const [stage, result] of results) {
    const entry = lock.get(stage);
    if (entry === undefined) faults.push({ stage, fault: 'missing' });
    else if (entry.key !== result.key) faults.push({ stage, fault: 'other-key' });
    else if (!isSameOut(entry.out, result.out)) faults.push({ stage, fault: 'other-output' });
  }
  return faults;
}

export function isSameOut(a: LockEntry['out'], b: LockEntry['out']): boolean {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => a[name]?.digest === b[name]?.digest && a[name]?.form === b[name]?.form)
  );
}
