/** @file Whether a stage wrote to bytes that it was given: root and owners can write through a read-only link. */
import { lstatSync, type Stats } from 'node:fs';
import { digestFile } from '../base/digest.ts';
import { objectPath } from './layout.ts';
import { isStamped, quarantine } from './objects.ts';
import type { Handed } from './placement.ts';

export interface Spoiled<H extends Handed> {
  readonly handed: H;
  /** False: another stage or engine had the same bytes under a name of its own, and may have been the one. */
  readonly sure: boolean;
}

/** The first input that is not what it was when it was handed out. Spoiled objects are moved out of the cache. */
export function spoiledInput<H extends Handed>(handed: readonly H[]): Spoiled<H> | undefined {
  let first: Spoiled<H> | undefined;
  for (const each of handed) {
    const sure = judge(each, handed);
    if (sure !== undefined && (first === undefined || sure)) first = { handed: each, sure };
  }
  return first;
}

/** Undefined: untouched. */
function judge(each: Handed, all: readonly Handed[]): boolean | undefined {
  const { cache, digest, form, path, copied } = each;
  const shown = lstatSync(path, { throwIfNoEntry: false });
  if (shown !== undefined && isStamped(shown, digest)) return undefined;
  if (copied) return shown !== undefined && isChanged(path, shown, digest) ? true : undefined;
  const object = objectPath(cache, digest, form);
  const kept = lstatSync(object, { throwIfNoEntry: false });
  if (kept !== undefined && (shown === undefined || kept.ino === shown.ino)) {
    if (isStamped(kept, digest) || !isChanged(object, kept, digest)) return undefined;
    const ours = all.filter(
      (other) => lstatSync(other.path, { throwIfNoEntry: false })?.ino === kept.ino,
    ).length;
    quarantine(cache, digest, form);
    return kept.nlink <= 1 + ours;
  }
  // The object is gone, or another stands there: taken away by gc, or found spoiled by somebody before us. Our own name
  // for it still shows what became of the bytes. Without that nobody can know.
  if (shown === undefined) return kept === undefined ? false : undefined;
  return isLinked(each, shown) && isChanged(path, shown, digest) ? false : undefined;
}

/** A stage may replace the name itself by a file of its own, which harms nobody. */
function isLinked({ ino }: Handed, shown: Stats): boolean {
  return ino === shown.ino;
}

function isChanged(path: string, stat: Stats, digest: Handed['digest']): boolean {
  return !stat.isFile() || digestFile(path) !== digest;
}
