/** @file Takes artifacts out of the cache: links for stages, copies for people. */
import {
  chmodSync,
  constants,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Digest } from '../base/ids.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { Artifact } from './artifact.ts';
import { objectPath } from './layout.ts';
import { copyForStage, linkOrCopy } from './link.ts';
import { fileState, verifyObject } from './objects.ts';
import { errnoOf, temporaryBeside } from './publish.ts';
import { entriesOf } from './tree.ts';

/** An object that is missing or corrupt: its producer has to run again. */
export interface Lost {
  readonly code: 'lost';
  readonly digest: Digest;
}

/** An object that a stage can see under a second name, to be looked at when the stage has ended. */
export interface Handed {
  /** The cache that the object is in. */
  readonly cache: string;
  readonly digest: Digest;
  readonly form: 'file' | 'exec';
  /** Where the stage saw it. */
  readonly path: string;
  /** Bytes of its own, rather than the object under another name. */
  readonly copied: boolean;
  readonly ino: number;
}

/** True: what it placed is the object itself under another name. */
type PlaceFile = (object: string, to: string, form: 'file' | 'exec') => boolean;

/** Read-only hard links, or read-only copies where links cannot be made; `apart`: copies in any case. */
export function handToStage(
  cache: string,
  artifact: Artifact,
  to: string,
  apart = false,
): Result<Handed[], Lost> {
  return place(cache, artifact, to, (object, path, form) => {
    if (!apart) return linkOrCopy(object, path, form);
    copyForStage(object, path, form);
    return false;
  });
}

/** What was handed out to `to` before, by another process: nothing is placed. */
export function handedBefore(cache: string, artifact: Artifact, to: string): Handed[] {
  const { digest, form } = artifact;
  if (form !== 'tree') return [foundAt(cache, digest, form, to)];
  return (entriesOf(cache, artifact) ?? []).flatMap(([path, form, value]) =>
    form === 'dir' || form === 'link' ? [] : [foundAt(cache, value, form, join(to, path))],
  );
}

function foundAt(cache: string, digest: Digest, form: 'file' | 'exec', path: string): Handed {
  const ino = lstatSync(path, { throwIfNoEntry: false })?.ino ?? -1;
  const object = lstatSync(objectPath(cache, digest, form), { throwIfNoEntry: false });
  return { cache, digest, form, path, copied: object !== undefined && object.ino !== ino, ino };
}

/**
 * Puts a writable copy (a reflink where the file system has them) at `to`, whole or not at all. Answers every file
 * with its digest, for the memo: its time is set a little back, so that any later write is told from this one.
 */
export function placeForPeople(cache: string, artifact: Artifact, to: string): Result<Handed[], Lost> {
  mkdirSync(dirname(to), { recursive: true });
  const temporary = temporaryBeside(to);
  const before = Date.now() / 1000 - 3;
  let placed: Result<Handed[], Lost> | undefined;
  try {
    placed = place(cache, artifact, temporary, (object, path, form) => {
      copyForPeople(object, path, form === 'exec' ? 0o755 : 0o644, before);
      return false;
    });
    if (placed.ok) swap(temporary, to);
  } finally {
    if (!placed?.ok) rmSync(temporary, { recursive: true, force: true });
  }
  if (!placed.ok) return placed;
  return ok(placed.value.map((file) => ({ ...file, path: join(to, relative(temporary, file.path)) })));
}

/** Below this a read and a write cost less than asking the system to copy. Bytes. */
const SMALL = 1 << 16;

function copyForPeople(object: string, path: string, mode: number, time: number): void {
  if (lstatSync(object).size > SMALL) copyFileSync(object, path, constants.COPYFILE_FICLONE);
  else writeFileSync(path, readFileSync(object), { flag: 'wx' });
  chmodSync(path, mode);
  utimesSync(path, time, time);
}

/** A file is replaced in one step. A folder cannot be: the old one steps aside first and is removed last. */
function swap(temporary: string, to: string): void {
  const old = lstatSync(to, { throwIfNoEntry: false });
  if (old === undefined || (!old.isDirectory() && !lstatSync(temporary).isDirectory())) {
    renameSync(temporary, to);
    return;
  }
  const aside = temporaryBeside(to);
  renameSync(to, aside);
  renameSync(temporary, to);
  rmSync(aside, { recursive: true, force: true });
}

function place(cache: string, artifact: Artifact, to: string, file: PlaceFile): Result<Handed[], Lost> {
  const { digest, form, held } = artifact;
  if (form !== 'tree') {
    const done = placeOne(cache, digest, form, to, file, held?.path);
    return done.ok ? ok([done.value]) : done;
  }
  const entries = entriesOf(cache, artifact);
  if (entries === undefined) return err({ code: 'lost', digest });
  const handed: Handed[] = [];
  const made = new Set<string>();
  const folder = (path: string): void => {
    if (made.has(path)) return;
    mkdirSync(path, { recursive: true });
    made.add(path);
  };
  folder(to);
  for (const [path, form, value] of entries) {
    const target = join(to, path);
    if (form === 'dir') folder(target);
    else {
      folder(dirname(target));
      if (form === 'link') symlinkSync(value, target);
      else {
        const done = placeOne(cache, value, form, target, file, held && join(held.path, path));
        if (!done.ok) return done;
        handed.push(done.value);
      }
    }
  }
  return ok(handed);
}

function placeOne(
  cache: string,
  digest: Digest,
  form: 'file' | 'exec',
  to: string,
  file: PlaceFile,
  held: string | undefined,
): Result<Handed, Lost> {
  const state = held === undefined ? verifyObject(cache, digest, form) : fileState(held, digest);
  if (state !== 'good') return err({ code: 'lost', digest });
  const object = held ?? objectPath(cache, digest, form);
  try {
    const linked = file(object, to, form);
    return ok({ cache, digest, form, path: to, copied: !linked, ino: lstatSync(to).ino });
  } catch (error) {
    // Taken away since it was looked at.
    if (errnoOf(error) === 'ENOENT' && lstatSync(object, { throwIfNoEntry: false }) === undefined) {
      return err({ code: 'lost', digest });
    }
    throw error;
  }
}
