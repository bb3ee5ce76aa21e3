/**
 * @file Per-key locks that die with their owner. They save work; correctness is staging plus first-record-wins.
 * A lock is a hard link to a file that names its owner, so it is whole from its first moment, and one heartbeat on
 * that file renews all locks of the process.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Key } from '../base/ids.ts';
import { beat, type Clock, serverClock } from './clock.ts';
import { lockPath } from './layout.ts';
import { isAlive, type Owner, readOwner, thisProcess } from './owner.ts';
import { errnoOf, makeFolder, removeQuietly } from './publish.ts';

/** Between heartbeats, and after how long without one an owner on another host counts as dead. Milliseconds. */
const BEAT = 2000;
const STALE = 15_000;
/** How long a stale owner is watched before its lock is taken: a clock that jumped is put right by the next beat. */
const WATCH = 2 * BEAT;

type LockAttempt =
  | { readonly held: true; readonly release: () => void }
  | { readonly held: false; readonly owner: Owner | undefined };

export interface Locks {
  tryLock(key: Key): LockAttempt;
  close(): void;
}

/** Throws the system's error where the cache cannot be written. */
export function openLocks(cache: string, clockOf: (own: string) => Clock = serverClock): Locks {
  const folder = join(cache, 'locks');
  makeFolder(folder);
  const own = join(folder, `owner-${process.pid}-${randomBytes(6).toString('hex')}`);
  writeFileSync(own, JSON.stringify(thisProcess()));
  const clock = clockOf(own);
  /** Locks on a file system without hard links: each has a heartbeat of its own. */
  const single = new Set<string>();
  const timer = setInterval(() => {
    for (const path of [own, ...single]) beatQuietly(path);
  }, BEAT);
  timer.unref();
  /** Heartbeats of owners that nobody here can ask, and when each was first seen to stand still. */
  const seen = new Map<string, { readonly mtimeMs: number; readonly at: number }>();

  function tryLock(key: Key): LockAttempt {
    const path = lockPath(cache, key);
    for (;;) {
      const made = create(own, path);
      // Locks save work, results do not depend on them: where none can be made, everybody does the work.
      if (made === 'none') return { held: true, release: () => undefined };
      if (made === 'copy') single.add(path);
      if (made !== undefined) return { held: true, release: () => release(path) };
      const stat = statSync(path, { throwIfNoEntry: false });
      if (stat === undefined) continue;
      const owner = readOwner(path);
      if (!isDead(path, owner, stat.mtimeMs)) return { held: false, owner };
      breakLock(path, stat.ino);
    }
  }

  /** A lock that was broken under a sleeping owner is not ours any more and stays. */
  function release(path: string): void {
    const ours = single.delete(path) ? isOurs(path) : inodeOf(path) === inodeOf(own);
    if (ours) removeQuietly(path);
  }

  /**
   * Of an owner elsewhere only the heartbeat is known. It is dead when that is old by the server's clock and does not
   * move while it is watched, or when it has not moved for as long as this process has watched it.
   */
  function isDead(path: string, owner: Owner | undefined, mtimeMs: number): boolean {
    const alive = owner === undefined ? undefined : isAlive(owner);
    if (alive !== undefined) return !alive;
    const first = seen.get(path);
    if (first === undefined || first.mtimeMs !== mtimeMs) {
      seen.set(path, { mtimeMs, at: clock.steady() });
      return false;
    }
    const watched = clock.steady() - first.at;
    if (watched > STALE) return true;
    return watched > WATCH && clock.now() - mtimeMs > STALE;
  }

  return {
    tryLock,
    close: () => {
      clearInterval(timer);
      removeQuietly(own);
    },
  };
}

/** Undefined: there is a lock already. */
type Made = 'link' | 'copy' | 'none' | undefined;

/** Exclusive. */
function create(own: string, path: string): Made {
  try {
    linkSync(own, path);
    return 'link';
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return undefined;
    return createWithoutLinks(own, path);
  }
}

/** For file systems without hard links: not whole at once, but exclusive. */
function createWithoutLinks(own: string, path: string): Made {
  let file: number | undefined;
  try {
    file = openSync(path, 'wx');
    writeFileSync(file, readFileSync(own));
    return 'copy';
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    if (code === 'EEXIST') return undefined;
    if (file !== undefined) removeQuietly(path);
    return 'none';
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** For a cache that cannot be written, where nothing is shared that could be made twice. */
export const noLocks: Locks = {
  tryLock: () => ({ held: true, release: () => undefined }),
  close: () => undefined,
};

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

function isOurs(path: string): boolean {
  const { pid, start, boot, host } = thisProcess();
  const owner = readOwner(path);
  return owner?.pid === pid && owner.start === start && owner.boot === boot && owner.host === host;
}

/** Takes a dead lock away, whatever it is. Between looking and renaming another may have made a new one: that is put back. */
export function breakLock(path: string, ino: number): void {
  const aside = `${path}.broken-${randomBytes(6).toString('hex')}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  if (inodeOf(aside) !== ino) {
    try {
      linkSync(aside, path);
    } catch {}
  }
  rmSync(aside, { recursive: true, force: true });
}

function beatQuietly(path: string): void {
  try {
    beat(path);
  } catch {}
}
