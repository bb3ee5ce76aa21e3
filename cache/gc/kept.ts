/** @file Which results `cache gc` keeps. No effects: facts in, keys out. */
import type { Key } from '../../base/ids.ts';

export interface GcPolicy {
  /** The last so many runs of every pipeline of every project. */
  readonly keepLast?: number | undefined;
  /** What was used within this time, in milliseconds. */
  readonly maxAge?: number | undefined;
  /** Bytes of objects; beyond them the results that were used longest ago go. */
  readonly maxSize?: number | undefined;
}

export interface KeptFacts {
  readonly now: number;
  readonly records: readonly {
    readonly key: Key;
    readonly at: number;
    readonly objects: readonly string[];
  }[];
  readonly roots: readonly {
    readonly line: string;
    readonly at: number;
    readonly complete: boolean;
    /** Its project is not there any more. */
    readonly gone: boolean;
    readonly keys: readonly Key[];
  }[];
  /** What running engines need. */
  readonly live: ReadonlySet<Key>;
  /** Records from this moment on may be needed by a running engine that has not said so yet. */
  readonly since: number;
  readonly sizeOf: (object: string) => number;
}

export interface Kept {
  readonly keys: ReadonlySet<Key>;
  /** Positions of roots that are of no more use. */
  readonly idleRoots: ReadonlySet<number>;
  /** Bytes above `maxSize` that may not be removed. */
  readonly over: number;
}

/** Without a policy for age: how long results count that no run names, and runs of projects that are gone. */
const DEFAULT_AGE = 30 * 86_400_000;

/** A result is kept if any rule keeps it; only `maxSize` takes away, and never what a kept or a running run needs. */
export function chooseKept(facts: KeptFacts, policy: GcPolicy): Kept {
  const { now, records, roots, live, since } = facts;
  const { keepLast, maxAge } = policy;
  const age = maxAge ?? DEFAULT_AGE;
  const lastRoots = keepLast === undefined ? new Set<number>() : lastOf(facts, keepLast, age);
  const firm = new Set(live);
  for (const at of lastRoots) for (const key of roots[at]?.keys ?? []) firm.add(key);
  const used = new Map<Key, number>();
  for (const root of roots) {
    for (const key of root.keys) used.set(key, Math.max(used.get(key) ?? 0, root.at));
  }
  const usedAt = (key: Key, at: number): number => Math.max(used.get(key) ?? 0, at);
  const keys = new Set<Key>();
  for (const { key, at } of records) {
    if (at >= since) firm.add(key);
    const young = now - usedAt(key, at) <= age;
    const byAge = maxAge !== undefined ? young : young && !used.has(key);
    const all = keepLast === undefined && maxAge === undefined;
    if (all || firm.has(key) || byAge) keys.add(key);
  }
  const over = policy.maxSize === undefined ? 0 : shrink(facts, keys, firm, usedAt, policy.maxSize);
  const idleRoots = new Set<number>();
  for (const [at, root] of roots.entries()) {
    const counted =
      lastRoots.has(at) || (maxAge === undefined ? keepLast === undefined : now - root.at <= age);
    if (!counted || !root.keys.some((key) => keys.has(key))) idleRoots.add(at);
  }
  return { keys, idleRoots, over };
}

/** The last complete runs of each line, and what was begun and not finished since the oldest of them. */
function lastOf({ roots, now }: KeptFacts, count: number, age: number): Set<number> {
  const lines = new Map<string, number[]>();
  for (const [at, root] of roots.entries()) {
    if (root.gone && now - root.at > age) continue;
    lines.set(root.line, [...(lines.get(root.line) ?? []), at]);
  }
  const kept = new Set<number>();
  for (const line of lines.values()) {
    let complete = 0;
    for (const at of line.sort((a, b) => (roots[b]?.at ?? 0) - (roots[a]?.at ?? 0))) {
      if (complete >= count) break;
      kept.add(at);
      if (roots[at]?.complete) complete += 1;
    }
  }
  return kept;
}

/** Takes results out of `keys`, used longest ago first, until what is left fits. Answers what is over in the end. */
function shrink(
  { records, sizeOf }: KeptFacts,
  keys: Set<Key>,
  firm: ReadonlySet<Key>,
  usedAt: (key: Key, at: number) => number,
  maxSize: number,
): number {
  const holders = new Map<string, number>();
  let total = 0;
  const kept = records.filter(({ key }) => keys.has(key));
  for (const { objects } of kept) {
    for (const object of new Set(objects)) {
      const count = holders.get(object) ?? 0;
      if (count === 0) total += sizeOf(object);
      holders.set(object, count + 1);
    }
  }
  const loose = kept.filter(({ key }) => !firm.has(key));
  loose.sort((a, b) => usedAt(a.key, a.at) - usedAt(b.key, b.at));
  for (const { key, objects } of loose) {
    if (total <= maxSize) break;
    keys.delete(key);
    for (const object of new Set(objects)) {
      const count = (holders.get(object) ?? 1) - 1;
      holders.set(object, count);
      if (count === 0) total -= sizeOf(object);
    }
  }
  return Math.max(0, total - maxSize);
}
