/**
 * @file Leases: what running engines use, so that `cache gc` leaves it alone. A lease is there before its run looks into
 * the cache. Gc moves a record aside before it looks at the leases: of the two, one always sees the other.
 *
 * A lease is a line that says whose it is, then a line for each key with its stage, and the word `planned` once all
 * keys that the plan hits are named.
 */
import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hexOf } from '../base/digest.ts';
import type { Key, StageId } from '../base/ids.ts';
import { beat, type Clock } from './clock.ts';
import { isAlive, ownerIn, thisProcess } from './owner.ts';
import { errnoOf, removeQuietly } from './publish.ts';
import { isRunOf, type NamedKey, parseKeys, type RunOf } from './roots.ts';

/** Between heartbeats, and after how long without one a run on another host counts as dead. Milliseconds. */
const BEAT = 30_000;
const STALE = 600_000;
const PLANNED = 'planned';

export interface Lease {
  /** Everything the run names so far. */
  readonly keys: ReadonlyMap<Key, StageId>;
  announce(keys: Iterable<NamedKey>): void;
  /** The plan is made, and every key that it hits is announced. */
  planned(): void;
  close(): void;
}

/** A cache that cannot be written cannot be collected either: then a lease is only a list. */
export function openLease(cache: string, of: RunOf): Lease {
  const path = join(cache, 'leases', `${process.pid}-${randomBytes(6).toString('hex')}`);
  let written = quietly(() => {
    mkdirSync(join(cache, 'leases'), { recursive: true });
    writeFileSync(path, `${JSON.stringify({ ...thisProcess(), ...of })}\n`);
  });
  const timer = setInterval(() => written && quietly(() => beat(path)), BEAT);
  timer.unref();
  const keys = new Map<Key, StageId>();
  const append = (text: string): void => {
    if (written && text !== '') written = quietly(() => appendFileSync(path, text));
  };
  return {
    keys,
    announce: (named) => {
      let text = '';
      for (const [key, stage] of named) {
        if (keys.has(key)) continue;
        keys.set(key, stage);
        text += `${hexOf(key)} ${JSON.stringify(stage)}\n`;
      }
      append(text);
    },
    planned: () => append(`${PLANNED}\n`),
    close: () => {
      clearInterval(timer);
      quietly(() => removeQuietly(path));
    },
  };
}

export interface FoundLease {
  readonly path: string;
  readonly alive: boolean;
  /** False while its plan is being made: nobody knows yet what it needs. */
  readonly planned: boolean;
  /** When it began and when it was last heard of, by the clock of the file server. */
  readonly began: number;
  readonly heard: number;
  readonly of: RunOf | undefined;
  readonly keys: readonly NamedKey[];
}

export function readLeases(cache: string, clock: Clock): FoundLease[] {
  return names(join(cache, 'leases')).flatMap((name): FoundLease[] => {
    const path = join(cache, 'leases', name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return [];
    if (!stat.isFile()) return [{ path, ...NOTHING, began: stat.mtimeMs, heard: stat.mtimeMs }];
    const text = readOr(path);
    const owner = ownerIn(text);
    const known = owner === undefined ? undefined : isAlive(owner);
    const alive = known ?? clock.now() - stat.mtimeMs < STALE;
    const lines = text.split('\n');
    const planned = lines.includes(PLANNED);
    const header = parseHeader(lines[0] as string);
    // A file system without a time of birth says 0, or the time of the last change.
    const began = Math.min(stat.birthtimeMs || stat.mtimeMs, Date.parse(owner?.since ?? '') || stat.mtimeMs);
    return [
      { path, alive, planned, began, heard: stat.mtimeMs, of: header, keys: parseKeys(lines.slice(1)) },
    ];
  });
}

const NOTHING = { alive: false, planned: true, of: undefined, keys: [] } as const;

function parseHeader(text: string): RunOf | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRunOf(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function quietly(action: () => void): boolean {
  try {
    action();
    return true;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
