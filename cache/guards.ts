/** @file What vouches for bytes on disk without reading them. Imports little: the fast path of a run loads it. */
import { readdirSync, statSync } from 'node:fs';
import { compareCodePoints } from '../base/canonical.ts';
import { digestFile, digestOf } from '../base/digest.ts';
import type { Digest } from '../base/ids.ts';
import { identityOf } from './identity.ts';
import { isIgnored } from './ignored.ts';

/** A file, or the list of names of one folder, that vouches for an artifact while it stays as it is. */
export interface Guard {
  readonly path: string;
  readonly identity: string;
  /** Of the file's bytes or the folder's names: asked when the times cannot tell. */
  readonly digest: Digest;
  /** The last write was too close to the reading for the times to tell a later one. */
  readonly racy: boolean;
}

/** Digest of what is listed in a folder. */
export function namesDigest(folder: string): Digest {
  return digestOf(
    'warren/names/1',
    readdirSync(folder)
      .filter((name) => !isIgnored(name))
      .sort(compareCodePoints),
  );
}

/** Names the first guard that no longer holds. */
export function changedSince(guards: readonly Guard[]): string | undefined {
  return guards.find((guard) => !holds(guard))?.path;
}

/**
 * A write that was taken back still counts as a change: a stage may have read what stood there between. Only a
 * change of ctime alone (a new link, a new mode) is settled by the bytes.
 */
function holds(guard: Guard): boolean {
  const stat = statSync(guard.path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return false;
  const identity = identityOf(stat);
  if (identity === guard.identity && !guard.racy) return true;
  if (withoutCtime(identity) !== withoutCtime(guard.identity)) return false;
  return (stat.isDirectory() ? namesDigest(guard.path) : digestFile(guard.path)) === guard.digest;
}

function withoutCtime(identity: string): string {
  return identity.slice(0, identity.lastIndexOf(' '));
}
