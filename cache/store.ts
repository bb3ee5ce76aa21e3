/** @file Puts what a stage produced into the cache, a file or a folder. */

import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Result } from '../base/result.ts';
import type { Artifact, ArtifactFault, TreeEntry } from './artifact.ts';
import { collision } from './folded.ts';
import { objectPath } from './layout.ts';
import { linkOrCopy } from './link.ts';
import { prepareFiles, publishFile, type Ready, sealInPlace, storeFile } from './objects.ts';
import { storeTree, treeDigest } from './tree.ts';
import { walkFolder } from './walk.ts';

/** Stores a file or folder; the source is consumed, unless it is to be kept, read-only, for whoever has to do it again. Links out of a folder, FIFOs, sockets and devices are refused. */
export async function storeArtifact(
  cache: string,
  source: string,
  keep = false,
): Promise<Result<Artifact, ArtifactFault>> {
  const stat = lstatSync(source, { throwIfNoEntry: false });
  if (stat === undefined) return err({ code: 'missing', path: source, message: 'it is not there.' });
  if (stat.isDirectory()) return storeFolder(cache, source, keep);
  if (stat.isFile()) return ok(await storeFile(cache, source, keep));
  if (stat.isSymbolicLink()) {
    return err({ code: 'symlink-escapes', path: source, message: 'it is a link, not a file of its own.' });
  }
  return err({ code: 'special-file', path: source, message: 'it is neither a file nor a folder.' });
}

const NOTHING = (): boolean => false;
const ignore = (): void => undefined;

async function storeFolder(
  cache: string,
  source: string,
  keep: boolean,
): Promise<Result<Artifact, ArtifactFault>> {
  const walk = walkFolder(source, NOTHING, ignore);
  if (!walk.ok) return walk;
  for (const [folder, names] of walk.value.folders) {
    const same = collision(names);
    if (same !== undefined) return err(collides(folder, same));
  }
  const files = walk.value.members.filter(({ kind }) => kind === 'file');
  const paths = files.map(({ path }) => join(source, path));
  const ready = (await prepareFiles(cache, paths, keep)).values();
  const entries: TreeEntry[] = [];
  try {
    for (const member of walk.value.members) {
      entries.push(await entryOf(member, () => publishFile(cache, ready.next().value as Ready)));
    }
    return ok(storeTree(cache, entries));
  } catch (error) {
    for (const entry of entries) putBack(cache, source, entry);
    throw error;
  }
}

/**
 * Where the cache cannot take an output: it stays where it is, read-only and with the times of an object, and serves the
 * run from there. Throws the system's error when not even that can be done.
 */
export async function holdArtifact(source: string): Promise<Result<Artifact, ArtifactFault>> {
  if (!lstatSync(source).isDirectory()) {
    return ok({ ...(await sealInPlace(source)), held: { path: source } });
  }
  const walk = walkFolder(source, NOTHING, ignore);
  if (!walk.ok) return walk;
  const entries: TreeEntry[] = [];
  for (const member of walk.value.members) {
    entries.push(await entryOf(member, () => sealInPlace(join(source, member.path))));
  }
  return ok({ form: 'tree', digest: treeDigest(entries), held: { path: source, entries } });
}

type Member = Extract<ReturnType<typeof walkFolder<void>>, { ok: true }>['value']['members'][number];

async function entryOf(member: Member, take: () => ReturnType<typeof storeFile>): Promise<TreeEntry> {
  switch (member.kind) {
    case 'file': {
      const { form, digest } = await take();
      return [member.path, form, digest];
    }
    case 'dir':
      return [member.path, 'dir'];
    case 'link':
      return [member.path, 'link', member.target];
  }
}

/** A member that went into the cache before the next one did not fit is taken from there again. */
function putBack(cache: string, source: string, entry: TreeEntry): void {
  const [path, form, digest] = entry;
  const to = join(source, path);
  if ((form !== 'file' && form !== 'exec') || lstatSync(to, { throwIfNoEntry: false }) !== undefined) return;
  linkOrCopy(objectPath(cache, digest, form), to, form);
}

/** Refused here, because it could not be restored elsewhere. */
function collides(folder: string, [one, other]: readonly [string, string]): ArtifactFault {
  const where = folder === '' ? '' : ` in ${JSON.stringify(folder)}`;
  const names = `${JSON.stringify(one)} and ${JSON.stringify(other)}${where}`;
  return {
    code: 'name-collision',
    path: folder,
    message: `${names} are one name where case or Unicode form does not count.`,
  };
}
