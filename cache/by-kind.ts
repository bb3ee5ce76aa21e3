/** @file Which kinds of stage the cached bytes belong to, for `cache du`. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { compareCodePoints } from '../base/canonical.ts';
import type { Key } from '../base/ids.ts';
import { type ActionRecord, readAction } from './actions.ts';
import type { Artifact } from './artifact.ts';
import { objectPath } from './layout.ts';
import { readTree } from './tree.ts';

export interface KindUsage {
  readonly kind: string;
  readonly results: number;
  /** Bytes of all objects that results of this kind name; an object that two kinds name counts for both. */
  readonly bytes: number;
}

export interface UsageByKind {
  readonly kinds: readonly KindUsage[];
  /** Bytes of all named objects, each once: what the whole cache has beyond that belongs to no result. */
  readonly named: number;
}

/** Largest first, then by name. */
export function usageByKind(cache: string): UsageByKind {
  const sizes = new Map<string, number>();
  const kinds = new Map<string, { results: number; paths: Set<string> }>();
  for (const record of records(cache)) {
    const kind = kinds.get(record.kind) ?? { results: 0, paths: new Set() };
    kinds.set(record.kind, kind);
    kind.results += 1;
    for (const artifact of Object.values(record.outputs)) {
      for (const path of objects(cache, artifact)) {
        kind.paths.add(path);
        if (!sizes.has(path)) sizes.set(path, statSync(path, { throwIfNoEntry: false })?.size ?? 0);
      }
    }
  }
  const sum = (paths: Iterable<string>): number =>
    [...paths].reduce((total, path) => total + (sizes.get(path) ?? 0), 0);
  const usages = [...kinds].map(([kind, { results, paths }]) => ({ kind, results, bytes: sum(paths) }));
  return {
    kinds: usages.sort((a, b) => b.bytes - a.bytes || compareCodePoints(a.kind, b.kind)),
    named: sum(sizes.keys()),
  };
}

function objects(cache: string, artifact: Artifact): string[] {
  const own = objectPath(cache, artifact.digest, artifact.form);
  if (artifact.form !== 'tree') return [own];
  const members = (readTree(cache, artifact.digest) ?? []).flatMap((entry) =>
    entry[1] === 'file' || entry[1] === 'exec' ? [objectPath(cache, entry[2], entry[1])] : [],
  );
  return [own, ...members];
}

function records(cache: string): ActionRecord[] {
  return names(join(cache, 'actions')).flatMap((prefix) =>
    names(join(cache, 'actions', prefix)).flatMap((name) => {
      if (!name.endsWith('.json')) return [];
      const record = readAction(cache, `sha256:${prefix}${name.slice(0, -'.json'.length)}` as Key);
      return record === undefined ? [] : [record];
    }),
  );
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
