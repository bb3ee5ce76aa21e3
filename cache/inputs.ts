/** @file Digests of files and folders that belong to the user. Links at the top are followed, as `open` would. */

import { type BigIntStats, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { compareCodePoints } from '../base/canonical.ts';
import { digestFile, digestOf } from '../base/digest.ts';
import type { Digest } from '../base/ids.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { Artifact, ArtifactFault } from './artifact.ts';
import { identityOf, isRacy, type Memo } from './memo.ts';
import { type TreeEntry, treeDigest } from './tree.ts';
import { isIgnored, walkFolder } from './walk.ts';

/** A file, or the list of names of one folder, that vouches for an artifact while it stays as it is. */
export interface Guard {
  readonly path: string;
  readonly identity: string;
  /** Of the file's bytes or the folder's names: asked when the times cannot tell. */
  readonly digest: Digest;
  /** The last write was too close to the reading for the times to tell a later one. */
  readonly racy: boolean;
}

export interface Pinned {
  readonly artifact: Artifact;
  readonly guards: readonly Guard[];
}

/** Reads (or remembers) the digest of what is at `path`, and what to look at to know that it still is the same. */
export function pinInput(path: string, memo: Memo): Result<Pinned, ArtifactFault> {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return err({ code: 'missing', path, message: `${path} does not exist` });
  if (stat.isDirectory()) return pinFolder(path, memo);
  if (!stat.isFile())
    return err({ code: 'special-file', path, message: `${path} is neither a file nor a folder` });
  const { digest, guard } = pinFile(path, stat, memo);
  return ok({ artifact: { form: formOf(stat), digest }, guards: [guard] });
}

function pinFolder(root: string, memo: Memo): Result<Pinned, ArtifactFault> {
  const readAt = Date.now();
  const walk = walkFolder(root, isIgnored);
  if (!walk.ok)
    return err({ ...walk.error, path: root, message: `In the folder ${root}, ${walk.error.message}` });
  const guards: Guard[] = [];
  for (const folder of walk.value.folders) {
    const path = join(root, folder);
    const stat = statSync(path, { bigint: true });
    guards.push({
      path,
      identity: identityOf(stat),
      digest: namesDigest(path),
      racy: isRacy(stat.mtimeNs, readAt),
    });
  }
  const entries: TreeEntry[] = [];
  for (const member of walk.value.members) {
    if (member.kind === 'dir') entries.push([member.path, 'dir']);
    else if (member.kind === 'link') entries.push([member.path, 'link', member.target]);
    else {
      const { digest, guard } = pinFile(join(root, member.path), member.stat, memo);
      entries.push([member.path, formOf(member.stat), digest]);
      guards.push(guard);
    }
  }
  return ok({ artifact: { form: 'tree', digest: treeDigest(entries) }, guards });
}

function pinFile(path: string, stat: BigIntStats, memo: Memo): { digest: Digest; guard: Guard } {
  const identity = identityOf(stat);
  const known = memo.lookup(stat);
  if (known !== undefined) return { digest: known, guard: { path, identity, digest: known, racy: false } };
  const readAt = Date.now();
  const digest = digestFile(path);
  memo.record(stat, digest, readAt);
  return { digest, guard: { path, identity, digest, racy: isRacy(stat.mtimeNs, readAt) } };
}

function formOf(stat: BigIntStats): 'file' | 'exec' {
  return stat.mode & 0o111n ? 'exec' : 'file';
}

function namesDigest(folder: string): Digest {
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
