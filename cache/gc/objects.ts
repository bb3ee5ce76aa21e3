/** @file All objects of a cache as they are now, and taking away those that nothing names. */
import { type Dirent, linkSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { errnoOf } from '../publish.ts';

export interface SeenObject {
  readonly size: number;
  /** The last change of any kind: publication, a new link, a touch. By the file server's clock. */
  readonly changed: number;
  /** Set by a run that counts on an object it found: see `isThere` in objects.ts. */
  readonly touched: number;
}

export interface SeenObjects {
  readonly objects: ReadonlyMap<string, SeenObject>;
  /** Files that a writer has not named yet, or never will. */
  readonly temporary: readonly string[];
}

export function seeObjects(cache: string): SeenObjects {
  const objects = new Map<string, SeenObject>();
  const temporary: string[] = [];
  for (const prefix of list(join(cache, 'objects'))) {
    for (const { name } of list(join(cache, 'objects', prefix.name))) {
      const path = join(cache, 'objects', prefix.name, name);
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (stat === undefined) continue;
      if (name.startsWith('.')) temporary.push(path);
      else objects.set(path, { size: stat.size, changed: stat.ctimeMs, touched: stat.atimeMs });
    }
  }
  return { objects, temporary };
}

/**
 * Removes an object unless a run has touched it since it was seen: it is moved aside first, so that a run either finds
 * nothing and stores its own, or has left its mark before. False: it stays.
 */
export function removeObject(path: string, seen: SeenObject, trash: string): boolean {
  const aside = join(trash, basename(path));
  mkdirSync(trash, { recursive: true });
  try {
    renameSync(path, aside);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return false;
  }
  if (lstatSync(aside).atimeMs === seen.touched) {
    rmSync(aside, { recursive: true, force: true });
    return true;
  }
  putBack(aside, path);
  return false;
}

/** Where nothing has come to stand in the meantime. */
export function putBack(aside: string, path: string): void {
  try {
    linkSync(aside, path);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') {
      renameSync(aside, path);
      return;
    }
  }
  rmSync(aside, { force: true });
}

function list(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
