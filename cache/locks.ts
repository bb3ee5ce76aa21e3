/**
 * @file Per-key locks that die with their owner. They save work; correctness is staging plus first-record-wins.
 * A lock is a hard link to a file that names its owner, so it is whole from its first moment, and one heartbeat on
 * that file renews all locks of the process.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Key } from '../base/ids.ts';
import { lockPath } from './layout.ts';
import { isAlive, type Owner, thisProcess } from './owner.ts';
import { errnoOf, removeQuietly } from './publish.ts';

/** Between heartbeats, and after how long without one an owner on another host counts as dead. Milliseconds. */
const BEAT = 2000;
const STALE = 15_000;

type LockAttempt =
  | { readonly held: true; readonly release: () => void }
  | { readonly held: false; readonly owner: Owner | undefined };

export interface Locks {
  tryLock(key: Key): LockAttempt;
  close(): void;
}

export function openLocks(cache: string): Locks {
  const folder = join(cache, 'locks');
  mkdirSync(folder, { recursive: true });
  const own = join(folder, `owner-${process.pid}-${randomBytes(6).toString('hex')}`);
  writeFileSync(own, JSON.stringify(thisProcess()));
  const beat = setInterval(() => touch(own), BEAT);
  beat.unref();
  /** Times of foreign locks when first seen: a clock of another host is compared only with itself. */
  const seen = new Map<string, { readonly mtimeMs: number; readonly at: number }>();

  function tryLock(key: Key): LockAttempt {
    const path = lockPath(cache, key);
    for (;;) {
      if (create(own, path)) return { held: true, release: () => releaseOwn(own, path) };
      const stat = statSync(path, { throwIfNoEntry: false });
      if (stat === undefined) continue;
      const owner = readOwner(path);
      if (!isDead(path, owner, stat.mtimeMs)) return { held: false, owner };
      breakLock(path, stat.ino);
    }
  }

  function isDead(path: string, owner: Owner | undefined, mtimeMs: number): boolean {
    const alive = owner === undefined ? undefined : isAlive(owner);
    if (alive !== undefined) return !alive;
    const first = seen.get(path);
    if (first === undefined || first.mtimeMs !== mtimeMs) {
      seen.set(path, { mtimeMs, at: performance.now() });
      return false;
    }
    return performance.now() - first.at > STALE;
  }

  return {
    tryLock,
    close: () => {
      clearInterval(beat);
      removeQuietly(own);
    },
  };
}

function create(own: string, path: string): boolean {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    return createWithoutLinks(own, path);
  }
}

/** For file systems without hard links: not whole at once, and without heartbeat, but exclusive. */
function createWithoutLinks(own: string, path: string): boolean {
  try {
    const file = openSync(path, 'wx');
    writeFileSync(file, readFileSync(own));
    closeSync(file);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** A lock that was broken under a sleeping owner is not ours any more and stays. */
function releaseOwn(own: string, path: string): void {
  const mine = statSync(own, { throwIfNoEntry: false });
  const there = statSync(path, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (mine?.ino === there.ino || readOwner(path)?.pid === process.pid) removeQuietly(path);
}

/** Takes a dead lock away. Between looking and renaming another may have made a new one: that is put back. */
function breakLock(path: string, ino: number): void {
  const aside = `${path}.broken-${randomBytes(6).toString('hex')}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  if (statSync(aside).ino !== ino) {
    try {
      linkSync(aside, path);
    } catch {}
  }
  removeQuietly(aside);
}

function readOwner(path: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

function touch(path: string): void {
  try {
    const now = Date.now() / 1000;
    utimesSync(path, now, now);
  } catch {}
}
