/** @file Digests of files and folders that belong to the user. Links at the top are followed, as `open` would. */

import { type BigIntStats, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { digestFile } from '../base/digest.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { Artifact, ArtifactFault, TreeEntry } from './artifact.ts';
import { type Guard, guardFiles, namesDigest, type SeenFile } from './guards.ts';
import { identityOf, isRacy } from './identity.ts';
import { isIgnored } from './ignored.ts';
import type { Memo } from './memo.ts';
import { treeDigest } from './tree.ts';
import { type Member, type Walk, walkFolder } from './walk.ts';

export interface Pinned {
  readonly artifact: Artifact;
  readonly guards: readonly Guard[];
}

/**
 * Reads (or remembers) the digest of what is at `path`, and what to look at to know that it still is the same.
 * A folder as an input leaves out what tools keep in it; as a whole it leaves out nothing.
 */
export function pinInput(
  path: string,
  memo: Memo,
  as: 'input' | 'whole',
  without: readonly string[] = [],
): Result<Pinned, ArtifactFault> {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined && without.length > 0) return ok(NOTHING);
  if (stat === undefined) return err({ code: 'missing', path, message: `${path} does not exist.` });
  if (stat.isDirectory())
    return pinFolder(path, memo, as === 'input' ? isIgnored : () => false, new Set(without));
  if (!stat.isFile())
    return err({ code: 'special-file', path, message: `${path} is neither a file nor a folder.` });
  const { form, identity, digest, racy } = pinFile(path, stat, memo);
  return ok({ artifact: { form, digest }, guards: [{ path, identity, digest, racy }] });
}

/** A folder of which everything is left out, there or not. */
const NOTHING: Pinned = { artifact: { form: 'tree', digest: treeDigest([]) }, guards: [] };

type Skip = (name: string) => boolean;

/** The members of a folder, as its tree object lists them. */
export function listFolder(root: string, memo: Memo): Result<readonly TreeEntry[], ArtifactFault> {
  const walk = walkFolder(
    root,
    () => false,
    (path, stat) => pinFile(`${root}/${path}`, stat, memo),
  );
  return walk.ok ? ok(walk.value.members.map(entryOf)) : walk;
}

/** As `listFolder`, of a folder as an input. */
export function listInput(
  root: string,
  memo: Memo,
  without: readonly string[],
): Result<readonly TreeEntry[], ArtifactFault> {
  const walk = walkInput(root, memo, isIgnored, new Set(without));
  return walk.ok ? ok(entriesOfInput(root, walk.value, new Set(without))) : walk;
}

function entryOf(member: Member<PinnedFile>): TreeEntry {
  if (member.kind === 'dir') return [member.path, 'dir'];
  if (member.kind === 'link') return [member.path, 'link', member.target];
  return [member.path, member.file.form, member.file.digest];
}

function pinFolder(
  root: string,
  memo: Memo,
  skip: Skip,
  without: ReadonlySet<string>,
): Result<Pinned, ArtifactFault> {
  const readAt = Date.now();
  const walk = walkInput(root, memo, skip, without);
  if (!walk.ok)
    return err({ ...walk.error, path: root, message: `In the folder ${root}, ${walk.error.message}` });
  const entries = entriesOfInput(root, walk.value, without);
  const files = new Map<string, [name: string, seen: SeenFile][]>();
  for (const member of walk.value.members) {
    const { path } = member;
    if (member.kind === 'file') {
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

function walkInput(root: string, memo: Memo, skip: Skip, without: ReadonlySet<string>) {
  return walkFolder(
    root,
    (name, path) => skip(name) || (without.size > 0 && without.has(join(root, path))),
    (path, stat) => pinFile(`${root}/${path}`, stat, memo),
  );
}

/** A folder that only holds what is left out comes and goes with it. */
function entriesOfInput(
  root: string,
  { members }: Walk<PinnedFile>,
  without: ReadonlySet<string>,
): TreeEntry[] {
  const above = new Set([...without].flatMap((path) => foldersBetween(root, path)));
  return members.filter(({ kind, path }) => kind !== 'dir' || !above.has(path)).map(entryOf);
}

/** `a`, `a/b` for `root/a/b/c`. */
function foldersBetween(root: string, path: string): string[] {
  const names = relative(root, path).split(sep).slice(0, -1);
  return names.map((_, i) => names.slice(0, i + 1).join('/'));
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
