/**
 * @file `cache gc`. The order makes it safe at any moment: records are moved aside, the leases are read again, what a run
 * has named since is put back; only then objects go that no record names. A killed gc leaves misses, never half a hit.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import type { Key } from '../../base/ids.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { type Clock, serverClock } from '../clock.ts';
import { type FoundLease, readLeases } from '../leases.ts';
import { openLocks } from '../locks.ts';
import { type Called, namesOf } from '../names.ts';
import type { Owner } from '../owner.ts';
import { errnoOf } from '../publish.ts';
import { objectsOf, readRecords, type StoredRecord } from '../records.ts';
import { lineOf, type Root, readRoots } from '../roots.ts';
import { leftTemporary } from '../temporary.ts';
import { chooseKept, type GcPolicy, type Kept } from './kept.ts';
import * as litter from './litter.ts';
import { putBack, removeObject, type SeenObjects, seeObjects } from './objects.ts';

interface RemovedResult extends Called {
  readonly key: Key;
  readonly kind: string;
}

export interface Collected {
  readonly results: readonly RemovedResult[];
  readonly kept: number;
  readonly objects: litter.Litter;
  /** Named by no record, and left for the runs that are going on. */
  readonly spared: litter.Litter;
  readonly temporary: litter.Litter;
  readonly quarantined: litter.Litter;
  readonly locks: litter.Litter;
  readonly badRecords: litter.Litter;
  readonly running: number;
  readonly over: number;
}

/** Why nothing was collected: another gc, a run that never ends planning, a cache that cannot be written. */
export type Busy =
  | { readonly code: 'gc-running'; readonly owner: Owner | undefined }
  | { readonly code: 'still-planning' }
  | { readonly code: 'cache-write'; readonly message: string };

export interface CollectOptions {
  readonly dryRun: boolean;
  /** For tests: what the time is. */
  readonly clock?: Clock;
}

/** Longest wait for runs that are making their plan, and between two looks at them. Milliseconds. */
const PATIENCE = 60_000;
const LOOK = 25;

export async function collect(
  cache: string,
  policy: GcPolicy,
  options: CollectOptions,
): Promise<Result<Collected, Busy>> {
  return alone(cache, async (own) => {
    const clock = options.clock ?? own;
    const leases = await settledLeases(cache, clock);
    if (leases === undefined) return err({ code: 'still-planning' });
    return ok(await collectAlone(cache, policy, { ...options, clock }, leases));
  });
}

/** Holds the lock that all who remove things from this cache share. */
export async function alone<T>(
  cache: string,
  action: (clock: Clock) => Promise<Result<T, Busy>>,
): Promise<Result<T, Busy>> {
  let clock: Clock | undefined;
  try {
    const locks = openLocks(cache, (own) => {
      clock = serverClock(own);
      return clock;
    });
    try {
      const lock = locks.tryLock('gc' as Key);
      if (!lock.held) return err({ code: 'gc-running', owner: lock.owner });
      try {
        return await action(clock as Clock);
      } finally {
        lock.release();
      }
    } finally {
      locks.close();
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return err({ code: 'cache-write', message: (error as Error).message });
  }
}

async function collectAlone(
  cache: string,
  policy: GcPolicy,
  { dryRun, clock }: CollectOptions & { readonly clock: Clock },
  leases: readonly FoundLease[],
): Promise<Collected> {
  const began = clock.now();
  const seen = seeObjects(cache);
  const living = leases.filter(({ alive }) => alive);
  if (!dryRun) for (const lease of leases) if (!lease.alive) litter.endLease(cache, lease);
  const { good, bad } = readRecords(cache);
  const roots = rootsOf(cache, leases, dryRun);
  const kept = keptOf(cache, good, roots, living, seen, policy, began);
  const victims = good.filter(({ record }) => !kept.keys.has(record.key));
  const trash = join(cache, 'trash', `${process.pid}-${randomBytes(6).toString('hex')}`);
  const gone = dryRun ? victims : await removeRecords(cache, victims, trash, clock);
  if (!dryRun) for (const at of kept.idleRoots) rmSync(roots[at]?.path ?? '', { force: true });

  const goneKeys = new Set(gone.map(({ record }) => record.key));
  const left = (dryRun ? good : readRecords(cache).good).filter(({ record }) => !goneKeys.has(record.key));
  const named = new Set(left.flatMap((each) => objectsIn(cache, each)));
  const { removed, spared } = sweep(seen, named, Math.min(began, sinceOf(living)), dryRun, trash);

  const dead = litter.deadTemporaries(
    [...seen.temporary, ...litter.temporariesIn(cache)],
    living.length > 0,
    clock.now(),
  );
  const outputs =
    living.length > 0
      ? []
      : leftTemporary(
          cache,
          left.map(({ record }) => record),
        );
  const temporary = [...dead, ...outputs, ...litter.brokenDownloads(cache, clock.now())];
  const quarantined = litter.everythingIn(join(cache, 'quarantine'));
  const locks = litter.deadLocks(cache, clock);
  const called = namesOf(roots);
  const result: Collected = {
    results: gone.map(({ record: { key, kind } }) => ({ key, kind, ...called(key) })),
    kept: left.length,
    objects: removed,
    spared,
    temporary: litter.measure(temporary),
    quarantined: litter.measure(quarantined),
    locks: litter.measure(locks),
    badRecords: litter.measure(bad),
    running: living.length,
    over: kept.over,
  };
  if (!dryRun) {
    for (const path of [...temporary, ...quarantined, ...bad]) rmSync(path, { recursive: true, force: true });
    litter.removeLocks(locks);
    rmSync(join(cache, 'trash'), { recursive: true, force: true });
  }
  return result;
}

/** All leases, once every running engine has said what it needs; undefined if one never does. */
async function settledLeases(cache: string, clock: Clock): Promise<FoundLease[] | undefined> {
  const end = performance.now() + PATIENCE;
  for (;;) {
    const leases = readLeases(cache, clock);
    if (leases.every(({ alive, planned }) => !alive || planned)) return leases;
    if (performance.now() > end) return undefined;
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
}

type CountedRoot = Root & { readonly gone: boolean };

/** Roots, and in a dry run the leases that would become some. */
function rootsOf(cache: string, leases: readonly FoundLease[], dryRun: boolean): CountedRoot[] {
  const host = hostname();
  const dead = leases.flatMap(({ path, alive, of, heard, keys }) =>
    alive || of === undefined || !dryRun ? [] : [{ ...of, path, host, complete: false, at: heard, keys }],
  );
  return [...readRoots(cache), ...dead].map((root) => ({
    ...root,
    // Only this host can say that one of its folders is gone.
    gone: root.host === host && !existsSync(root.project),
  }));
}

function keptOf(
  cache: string,
  records: readonly StoredRecord[],
  roots: readonly CountedRoot[],
  living: readonly FoundLease[],
  { objects }: SeenObjects,
  policy: GcPolicy,
  now: number,
): Kept {
  const facts = {
    now,
    records: records.map((each) => ({
      key: each.record.key,
      at: each.at,
      objects: policy.maxSize === undefined ? [] : objectsIn(cache, each),
    })),
    roots: roots.map((root) => ({ ...root, line: lineOf(root), keys: root.keys.map(([key]) => key) })),
    live: new Set(living.flatMap(({ keys }) => keys.map(([key]) => key))),
    since: sinceOf(living),
    sizeOf: (object: string) => objects.get(object)?.size ?? 0,
  };
  return chooseKept(facts, policy);
}

/** From when on things may belong to a run that is going on. A second more: clocks tick coarsely. */
function sinceOf(living: readonly FoundLease[]): number {
  return Math.min(...living.map(({ began }) => began - 1000), Number.POSITIVE_INFINITY);
}

/** Moves records aside, then looks again: what a run has named in the meantime goes back. Answers what is gone. */
export async function removeRecords(
  cache: string,
  victims: readonly StoredRecord[],
  trash: string,
  clock: Clock,
): Promise<StoredRecord[]> {
  if (victims.length === 0) return [];
  mkdirSync(trash, { recursive: true });
  const moved = victims.filter(({ path }) => {
    try {
      renameSync(path, join(trash, basename(path)));
      return true;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      return false;
    }
  });
  const leases = await settledLeases(cache, clock);
  // One that is still planning may have read any of them.
  const needed =
    leases && new Set(leases.flatMap(({ alive, keys }) => (alive ? keys.map(([key]) => key) : [])));
  const [back, gone] = split(moved, ({ record }) => needed === undefined || needed.has(record.key));
  for (const { path } of back) putBack(join(trash, basename(path)), path);
  for (const { path } of gone) rmSync(join(trash, basename(path)), { force: true });
  return gone;
}

function sweep(
  { objects }: SeenObjects,
  named: ReadonlySet<string>,
  since: number,
  dryRun: boolean,
  trash: string,
): { removed: litter.Litter; spared: litter.Litter } {
  const removed = { count: 0, bytes: 0 };
  const spared = { count: 0, bytes: 0 };
  for (const [path, seen] of objects) {
    if (named.has(path)) continue;
    const goes = seen.changed < since && (dryRun || removeObject(path, seen, trash));
    const side = goes ? removed : spared;
    side.count += 1;
    side.bytes += seen.size;
  }
  return { removed, spared };
}

export function objectsIn(cache: string, { record }: StoredRecord): string[] {
  return Object.values(record.outputs).flatMap((artifact) => objectsOf(cache, artifact));
}

function split<T>(all: readonly T[], first: (each: T) => boolean): [T[], T[]] {
  return [all.filter(first), all.filter((each) => !first(each))];
}
