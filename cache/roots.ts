/**
 * @file Roots: what ended runs named, so that `cache gc` can keep the last runs of every pipeline of every project that
 * shares the cache. Runs with the same results share a root; its modification time is that of the last.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { compareCodePoints } from '../base/canonical.ts';
import { digestBytes, digestOf, hexOf } from '../base/digest.ts';
import type { Key, StageId } from '../base/ids.ts';
import { errnoOf, temporaryBeside } from './publish.ts';
import { touch } from './touch.ts';

/** Which run something belongs to. */
export interface RunOf {
  readonly project: string;
  readonly pipeline: string;
  readonly file: string;
  /** Empty for a run of all stages. A run of some is never the last run of all. */
  readonly targets: readonly string[];
}

export type NamedKey = readonly [key: Key, stage: StageId];

export interface Root extends RunOf {
  readonly path: string;
  readonly host: string;
  /** False: stages failed or were cancelled, so it names less than a whole run. */
  readonly complete: boolean;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly keys: readonly NamedKey[];
}

/** Runs that count together for `--keep-last`. */
export function lineOf({ project, pipeline, file, targets }: RunOf): string {
  return hexOf(digestOf('warren/line/1', [project, pipeline, file, [...targets].sort(compareCodePoints)]));
}

/** Leaves a root and answers its path; undefined where the cache cannot be written or there is nothing to name. */
export function leaveRoot(
  cache: string,
  of: RunOf,
  complete: boolean,
  keys: ReadonlyMap<Key, StageId>,
): string | undefined {
  if (keys.size === 0) return undefined;
  const lines = [...keys].map(([key, stage]) => `${hexOf(key)} ${JSON.stringify(stage)}`);
  const { project, pipeline, file, targets } = of;
  const header = { schema: 'warren/root/1', host: hostname(), project, pipeline, file, targets, complete };
  const text = `${JSON.stringify(header)}\n${lines.sort(compareCodePoints).join('\n')}\n`;
  const name = `${lineOf(of).slice(0, 24)}-${hexOf(digestBytes(text)).slice(0, 24)}`;
  const path = join(cache, 'roots', name);
  try {
    if (touch(path)) return path;
    mkdirSync(join(cache, 'roots'), { recursive: true });
    // Whole, but not flushed to the disk: after a power cut the run counts by the age of its results.
    const temporary = temporaryBeside(path);
    writeFileSync(temporary, text);
    renameSync(temporary, path);
    return path;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

export function readRoots(cache: string): Root[] {
  const folder = join(cache, 'roots');
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    if (name.startsWith('.')) return [];
    const root = readRoot(join(folder, name));
    return root === undefined ? [] : [root];
  });
}

function readRoot(path: string): Root | undefined {
  try {
    const stat = statSync(path);
    if (!stat.isFile()) return undefined;
    const [first = '', ...lines] = readFileSync(path, 'utf8').split('\n');
    const header: unknown = JSON.parse(first);
    if (!isRunOf(header)) return undefined;
    const { host, complete } = header as Partial<Root>;
    if (typeof host !== 'string' || typeof complete !== 'boolean') return undefined;
    return { ...header, host, complete, path, at: stat.mtimeMs, keys: parseKeys(lines) };
  } catch {
    return undefined;
  }
}

/** Lines that are none are left out: a lease may end in the middle of one. */
export function parseKeys(lines: readonly string[]): NamedKey[] {
  return lines.flatMap((line): NamedKey[] => {
    const match = /^([0-9a-f]{64}) ("(?:[^"\\]|\\.)*")$/.exec(line);
    if (match === null) return [];
    try {
      return [[`sha256:${match[1]}` as Key, JSON.parse(match[2] as string) as StageId]];
    } catch {
      return [];
    }
  });
}

export function isRunOf(value: unknown): value is RunOf {
  if (typeof value !== 'object' || value === null) return false;
  const { project, pipeline, file, targets } = value as Partial<Record<keyof RunOf, unknown>>;
  const strings = [project, pipeline, file].every((each) => typeof each === 'string');
  return strings && Array.isArray(targets) && targets.every((each) => typeof each === 'string');
}
