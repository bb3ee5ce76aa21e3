/** @file Digests of files and folders that belong to the user. Links at the top are followed, as `open` would. */

import { type BigIntStats, statSync } from 'node:fs';
import { join } from 'node:path';
import { digestFile } from '../base/digest.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { Artifact, ArtifactFault } from './artifact.ts';
import { type Guard, guardFiles, namesDigest, type SeenFile } from './guards.ts';
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
  const { form, identity, digest, racy } = pinFile(path, stat, memo);
  return ok({ artifact: { form, digest }, guards: [{ path, identity, digest, racy }] });
}

type Skip = (name: string) => boolean;

function pinFolder(root: string, memo: Memo, skip: Skip): Result<Pinned, ArtifactFault> {
  const readAt = Date.now();
  const walk = walkFolder(root, skip, (path, stat) => pinFile(`${root}/${path}`, stat, memo));
  if (!walk.ok)
    return err({ ...walk.error, path: root, message: `In the folder ${root}, ${walk.error.message}` });
  const entries: TreeEntry[] = [];
  const files = new Map<string, [name: string, seen: SeenFile][]>();
  for (const member of walk.value.members) {
    const { path } = member;
    if (member.kind === 'dir') entries.push([path, 'dir']);
    else if (member.kind === 'link') entries.push([path, 'link', member.target]);
    else {
      const { form, digest } = member.file;
      entries.push([path, form, digest]);
      const end = path.lastIndexOf('/');
      const folder = end < 0 ? '' : path.slice(0, end);
      const seen: [string, SeenFile] = [path.slice(end + 1), member.file];
      const list = files.get(folder);
      if (list === undefined) files.set(folder, [seen]);
      else list.push(seen);
    }
  }
  const guards = [...walk.value.folders].map(([folder, names]) => {
    const guard = guardFolder(join(root, folder), names, readAt);
    const inside = files.get(folder);
    return inside === undefined ? guard : { ...guard, files: guardFiles(inside) };
  });
  return ok({ artifact: { form: 'tree', digest: treeDigest(entries) }, guards });
}

function guardFolder(path: string, names: readonly string[], readAt: number): Guard {
  const stat = statSync(path, { bigint: true });
  const racy = isRacy(stat.mtimeNs, readAt);
  return { path, identity: identityOf(stat), digest: namesDigest(names), racy };
}

interface PinnedFile extends SeenFile {
  readonly form: 'file' | 'exec';
}

function pinFile(path: string, stat: BigIntStats, memo: Memo): PinnedFile {
  const form = stat.mode & 0o111n ? 'exec' : 'file';
  const identity = identityOf(stat);
  const known = memo.lookup(stat, identity);
  if (known !== undefined) return { form, identity, digest: known, racy: false };
  const readAt = Date.now();
  const digest = digestFile(path);
  memo.record(stat, digest, readAt);
  return { form, identity, digest, racy: isRacy(stat.mtimeNs, readAt) };
}
