/** @file What dead processes left in a cache: temporary files, locks, leases, bytes set aside. */
import { lstatSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { FoundLease } from '../leases.ts';
import { breakLock } from '../locks.ts';
import { isAlive, readOwner } from '../owner.ts';
import { leaveRoot } from '../roots.ts';

/** Files that go, with their bytes. */
export interface Litter {
  readonly count: number;
  readonly bytes: number;
}

/** How long an owner elsewhere is given, and a writer that nobody can ask. Milliseconds. */
const STALE = 600_000;
const ABANDONED = 3_600_000;

/** `.tmp-<pid>-...`: a writer on this host can be asked, and one elsewhere is running only if a lease says so. */
export function deadTemporaries(paths: readonly string[], running: boolean, now: number): string[] {
  return paths.filter((path) => {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return false;
    if (now - stat.ctimeMs > ABANDONED) return true;
    const pid = Number(/\.tmp-(\d+)-/.exec(path)?.[1]);
    return !running && !(pid > 0 && isRunning(pid));
  });
}

/** Temporary files beside records and roots; those beside objects are met on the way through them. */
export function temporariesIn(cache: string): string[] {
  const actions = join(cache, 'actions');
  const folders = [join(cache, 'roots'), ...names(actions).map((prefix) => join(actions, prefix))];
  return folders.flatMap((folder) =>
    names(folder).flatMap((name) => (name.startsWith('.tmp-') ? [join(folder, name)] : [])),
  );
}

/** Downloads that nobody has gone on with for a while; one that goes on is written to. */
export function brokenDownloads(cache: string, now: number): string[] {
  return everythingIn(join(cache, 'incoming')).filter((path) => {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    return stat !== undefined && now - stat.ctimeMs > ABANDONED;
  });
}

/** Everything in a folder of what was set aside. */
export function everythingIn(folder: string): string[] {
  return names(folder).map((name) => join(folder, name));
}

/** Locks and their owners' files that nobody stands behind any more. */
export function deadLocks(cache: string, clock: Clock): string[] {
  const now = clock.now();
  return everythingIn(join(cache, 'locks')).filter((path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return false;
    const owner = stat.isFile() ? readOwner(path) : undefined;
    const alive = owner === undefined ? undefined : isAlive(owner);
    return alive === undefined ? now - stat.mtimeMs > STALE : !alive;
  });
}

export function removeLocks(paths: readonly string[]): void {
  for (const path of paths) {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat !== undefined) breakLock(path, stat.ino);
  }
}

/** A killed run keeps what it had: its lease becomes the root of a run that did not finish. */
export function endLease(cache: string, lease: FoundLease): void {
  if (lease.of !== undefined) {
    const root = leaveRoot(cache, lease.of, false, new Map(lease.keys));
    if (root !== undefined) utimesSync(root, lease.heard / 1000, lease.heard / 1000);
  }
  rmSync(lease.path, { recursive: true, force: true });
}

export function measure(paths: readonly string[]): Litter {
  const sizes = paths.map((path) => sizeOf(path));
  return { count: paths.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

function sizeOf(path: string): number {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  return stat.isDirectory() ? measure(everythingIn(path)).bytes : stat.size;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
