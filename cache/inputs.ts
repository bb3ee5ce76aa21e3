/** @file Digests of files and folders that belong to the user. Links at the top are followed, as `open` would. */

import { type BigIntStats, statSync } from 'node:fs';
import { join } from 'node:path';
import { digestFile } from '../base/digest.ts';
import type { Digest } from '../base/ids.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { Artifact, ArtifactFault } from './artifact.ts';
import { type Guard, namesDigest } from './guards.ts';
import { identityOf, isRacy } from './identity.ts';
import { isIgnored } from './ignored.ts';
import type { Memo } from './memo.ts';
import { type TreeEntry, treeDigest } from './tree.ts';
import { walkFolder } from './walk.ts';

export interface Pinned {
  readonly artifact: Artifact;
  readonly guards: readonly Guard[];
}

/**
 * Reads (or remembers) the digest of what is at `path`, and what to look at to know that it still is the same.
 * A folder as an input leaves out what tools keep in it; as a whole it leaves out nothing.
 */
export function pinInput(path: string, memo: Memo, as: 'input' | 'whole'): Result<Pinned, ArtifactFault> {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return err({ code: 'missing', path, message: `${path} does not exist.` });
  if (stat.isDirectory()) return pinFolder(path, memo, as === 'input' ? isIgnored : () => false);
  if (!stat.isFile())
    return err({ code: 'special-file', path, message: `${path} is neither a file nor a folder.` });
  const { digest, guard } = pinFile(path, stat, memo);
  return ok({ artifact: { form: formOf(stat), digest }, guards: [guard] });
}

type Skip = (name: string) => boolean;

function pinFolder(root: string, memo: Memo, skip: Skip): Result<Pinned, ArtifactFault> {
  const readAt = Date.now();
  const walk = walkFolder(root, skip);
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
