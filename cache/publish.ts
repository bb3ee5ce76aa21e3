/** @file Atomic publication: a reader sees a whole file or none, whenever the writer dies. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** A name in the same folder, so that the rename that follows is atomic. */
export function temporaryBeside(path: string): string {
  return join(
    dirname(path),
    `.tmp-${process.pid}-${randomBytes(6).toString('hex')}-${basename(path).slice(0, 40)}`,
  );
}

/** Runs `action`, making the parent folder of `path` first only when it turns out to be missing. */
export function withFolder<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    makeFolder(dirname(path));
    return action();
  }
}

/** With what is missing above it. Unlike the recursive `mkdirSync`, which says ENOENT where nothing may be written, it fails with the true reason. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    makeFolder(dirname(path));
    try {
      mkdirSync(path);
    } catch (again) {
      if (errnoOf(again) !== 'EEXIST') throw again;
    }
  }
}

/** Writes a whole file durably and renames it into place. */
export function writeAtomic(path: string, text: string): void {
  const temporary = writeTemporary(path, text);
  renameSync(temporary, path);
}

/** As `writeAtomic`, and on the disk with its name. Others have their turn while the disk works. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const temporary = temporaryBeside(path);
  const file = openSync(temporary, 'wx', 0o644);
  try {
    writeFileSync(file, text);
    await syncFile(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  const folder = openSync(dirname(path), 'r');
  try {
    await syncFile(folder);
  } finally {
    closeSync(folder);
  }
}

/** As `writeAtomic`, but an existing file stays: false when there was one. Others have their turn while the disk works. */
export async function writeOnce(path: string, text: string): Promise<boolean> {
  const temporary = temporaryBeside(path);
  const file = withFolder(temporary, () => openSync(temporary, 'wx', 0o644));
  try {
    writeFileSync(file, text);
    await syncFile(file);
  } finally {
    closeSync(file);
  }
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    // No hard links here: renaming may replace an equal record written a moment ago, which loses nothing.
    renameSync(temporary, path);
    return true;
  } finally {
    removeQuietly(temporary);
  }
}

/** Until a file's bytes are on the disk; others have their turn while it works. */
export function syncFile(file: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fsync(file, (error) => (error === null ? resolve() : reject(error)));
  });
}

function writeTemporary(path: string, text: string): string {
  const temporary = temporaryBeside(path);
  const file = withFolder(temporary, () => openSync(temporary, 'wx', 0o644));
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return temporary;
}

export function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

/** The system's code of an error: `ENOENT`; undefined for anything else. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
