/** @file Objects: read-only files named by the digest of their bytes. */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  renameSync,
  type Stats,
  utimesSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { digestFile, digestFileInTurns, hexOf } from '../base/digest.ts';
import type { Digest } from '../base/ids.ts';
import { digestOnThread, LARGE } from '../base/threads.ts';
import type { Artifact } from './artifact.ts';
import { objectPath, quarantinePath } from './layout.ts';
import { isUnlinkable } from './link.ts';
import { errnoOf, temporaryBeside, withFolder, writeAtomic } from './publish.ts';
import { syncFiles } from './sync.ts';

type FileForm = Exclude<Artifact['form'], 'tree'>;

/** Bytes that are hashed at once rather than in turns. */
const SMALL = 1 << 20;

/**
 * An object's modification time is made from its digest. Any write moves it, and another object put in its place has
 * another one, so one `lstat` verifies an object, on any host that shares the cache. Bit rot that keeps the times is
 * for `cache verify` to find.
 */
function stampOf(digest: Digest): number {
  return 1 + Number.parseInt(hexOf(digest).slice(0, 7), 16);
}

export type ObjectState = 'good' | 'missing' | 'corrupt';

/** Whether the object is whole, without effects. */
export function objectState(cache: string, digest: Digest, form: Artifact['form']): ObjectState {
  return fileState(objectPath(cache, digest, form), digest);
}

/** Of a file that stands for an object, wherever it is. */
export function fileState(path: string, digest: Digest): ObjectState {
  const stat = lstatOrNone(path);
  if (stat === undefined) return 'missing';
  if (isStamped(stat, digest)) return 'good';
  return stat.isFile() && digestFile(path) === digest ? 'good' : 'corrupt';
}

/** As `objectState`; a corrupt object is moved aside, so that nobody can use it. */
export function verifyObject(cache: string, digest: Digest, form: Artifact['form']): ObjectState {
  const state = objectState(cache, digest, form);
  if (state === 'corrupt') quarantine(cache, digest, form);
  if (state === 'good' && !isPristine(cache, digest, form)) {
    stampQuietly(objectPath(cache, digest, form), digest);
  }
  return state;
}

/** Whether the object still is as it was published: the cheap half of `objectState`. */
export function isPristine(cache: string, digest: Digest, form: Artifact['form']): boolean {
  const stat = lstatOrNone(objectPath(cache, digest, form));
  return stat !== undefined && isStamped(stat, digest);
}

/** Answers where it is now; undefined when it was gone already. */
export function quarantine(cache: string, digest: Digest, form: Artifact['form']): string | undefined {
  const aside = quarantinePath(cache, digest, randomBytes(4).toString('hex'));
  try {
    withFolder(aside, () => renameSync(objectPath(cache, digest, form), aside));
    return aside;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return undefined;
  }
}

type Stored = Artifact & { readonly form: FileForm };

/** Moves a finished file into the cache. The source is consumed where it can be renamed, else copied; with `keep` it stays. */
export async function storeFile(cache: string, source: string, keep = false): Promise<Stored> {
  const [ready] = await prepareFiles(cache, [source], keep);
  return publishFile(cache, ready as Ready);
}

/** Hashes files and puts them on the disk, all at once: what is left for each is to get its object's name. */
export async function prepareFiles(
  cache: string,
  sources: readonly string[],
  keep = false,
): Promise<Ready[]> {
  const ready: Ready[] = [];
  for (const [i, source] of sources.entries()) {
    ready.push(await prepare(cache, source, keep));
    if (i % TURN === TURN - 1) await new Promise((resolve) => setImmediate(resolve));
  }
  await syncFiles(ready.flatMap(({ temporary }) => temporary ?? []));
  return ready;
}

/** Files after which other work has its turn. */
const TURN = 64;

/** A file that is hashed, sealed and on the disk. */
export interface Ready {
  readonly stored: Stored;
  /** What is to get the object's name; undefined where the object is there already. */
  readonly temporary: string | undefined;
}

async function prepare(cache: string, source: string, keep: boolean): Promise<Ready> {
  const stat = lstatSync(source);
  const digest = await digestOfOutput(source, stat.size);
  const form: FileForm = stat.mode & 0o111 ? 'exec' : 'file';
  const stored = { form, digest };
  if (isThere(cache, digest, form)) return { stored, temporary: undefined };
  // A file with a second name could still be written through that name: such a one is copied.
  const path = objectPath(cache, digest, form);
  const temporary = stat.nlink > 1 ? copyBeside(source, path) : keep ? linkBeside(source, path) : source;
  seal(temporary, stored);
  return { stored, temporary };
}

/** The object of a file that was prepared. */
export async function publishFile(cache: string, { stored, temporary }: Ready): Promise<Stored> {
  if (temporary === undefined) return stored;
  const path = objectPath(cache, stored.digest, stored.form);
  try {
    withFolder(path, () => renameSync(temporary, path));
  } catch (error) {
    if (errnoOf(error) !== 'EXDEV') throw error;
    const copy = copyBeside(temporary, path);
    seal(copy, stored);
    await syncFiles([copy]);
    renameSync(copy, path);
  }
  return stored;
}

/** Makes a file that stays where it is look like its object. */
export async function sealInPlace(source: string): Promise<Stored> {
  const { size, mode } = lstatSync(source);
  const digest = await digestOfOutput(source, size);
  const stored: Stored = { form: mode & 0o111 ? 'exec' : 'file', digest };
  seal(source, stored);
  return stored;
}

/** The disk writes a large file while it is hashed: it has to be on the disk anyway before it gets its name. */
async function digestOfOutput(path: string, size: number): Promise<Digest> {
  if (size <= SMALL) return digestFile(path);
  if (size < LARGE) return digestFileInTurns(path);
  const [digests] = await Promise.all([digestOnThread([path]), syncFiles([path])]);
  return digests[0] as Digest;
}

/** Stores a text whose digest the caller knows (a tree). */
export function storeText(cache: string, digest: Digest, text: string): void {
  const path = objectPath(cache, digest, 'file');
  if (isThere(cache, digest, 'file')) return;
  writeAtomic(path, text);
  chmodSync(path, 0o444);
  stampQuietly(path, digest);
}

/** Read-only and stamped; it has to be on the disk, too, before it gets the name that others trust. */
function seal(path: string, { form, digest }: Stored): void {
  chmodSync(path, form === 'exec' ? 0o555 : 0o444);
  stampQuietly(path, digest);
}

/** The object's name is a second one of a source that stays, read-only from now on; a copy where there can be none. */
function linkBeside(source: string, path: string): string {
  const temporary = temporaryBeside(path);
  try {
    withFolder(temporary, () => linkSync(source, temporary));
    return temporary;
  } catch (error) {
    if (!isUnlinkable(error)) throw error;
    return copyBeside(source, path);
  }
}

function copyBeside(source: string, path: string): string {
  const temporary = temporaryBeside(path);
  mkdirSync(dirname(path), { recursive: true });
  copyFileSync(source, temporary);
  return temporary;
}

/** Whether these times are those of an untouched object. */
export function isStamped(stat: Stats, digest: Digest): boolean {
  return stat.isFile() && stat.mtimeMs === stampOf(digest) * 1000;
}

/** An object without its stamp is only slower to verify: a file system that refuses is no failure. */
function stampQuietly(path: string, digest: Digest): void {
  try {
    utimesSync(path, Date.now() / 1000, stampOf(digest));
  } catch {}
}

/** Whether a whole object is there; if so, `cache gc` sees from its access time that it was counted on just now. */
function isThere(cache: string, digest: Digest, form: Artifact['form']): boolean {
  if (verifyObject(cache, digest, form) !== 'good') return false;
  const path = objectPath(cache, digest, form);
  stampQuietly(path, digest);
  return lstatOrNone(path) !== undefined;
}

function lstatOrNone(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** Moves in a file of the cache's own disk, whose digest the caller computed while it wrote the bytes. */
export async function adoptFile(
  cache: string,
  written: string,
  digest: Digest,
  form: FileForm,
): Promise<void> {
  seal(written, { form, digest });
  await syncFiles([written]);
  const path = objectPath(cache, digest, form);
  withFolder(path, () => renameSync(written, path));
}
