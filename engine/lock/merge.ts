/** @file Three-way merge of lock files, entry by entry: what git's own merge by lines cannot do for additions at one place. */
import { canonicalJson } from '../../base/canonical.ts';
import type { StageId } from '../../base/ids.ts';
import type { Json } from '../../base/json.ts';
import type { LockEntries, LockEntry } from './format.ts';

export interface Merged {
  readonly entries: LockEntries;
  /** Stages that both sides changed, and differently: neither is kept, so that the next run decides. */
  readonly dropped: readonly StageId[];
}

export function mergeLocks(base: LockEntries, ours: LockEntries, theirs: LockEntries): Merged {
  const entries = new Map<StageId, LockEntry>();
  const dropped: StageId[] = [];
  for (const id of new Set([...ours.keys(), ...theirs.keys()])) {
    const [before, left, right] = [base.get(id), ours.get(id), theirs.get(id)];
    const changedLeft = !isSame(before, left);
    const changedRight = !isSame(before, right);
    if (changedLeft && changedRight && !isSame(left, right)) {
      dropped.push(id);
      continue;
    }
    const kept = changedLeft ? left : right;
    if (kept !== undefined) entries.set(id, kept);
  }
  return { entries, dropped };
}

function isSame(a: LockEntry | undefined, b: LockEntry | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return canonicalJson(a as unknown as Json) === canonicalJson(b as unknown as Json);
}
