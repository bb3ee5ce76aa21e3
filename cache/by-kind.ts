/** @file Which kinds of stage the cached bytes belong to, for `cache du`. */
import { statSync } from 'node:fs';
import { compareCodePoints } from '../base/canonical.ts';
import { objectsOf, readRecords } from './records.ts';

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
  for (const { record } of readRecords(cache).good) {
    const kind = kinds.get(record.kind) ?? { results: 0, paths: new Set() };
    kinds.set(record.kind, kind);
    kind.results += 1;
    for (const artifact of Object.values(record.outputs)) {
      for (const path of objectsOf(cache, artifact)) {
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
