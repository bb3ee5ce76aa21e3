/** @file All action records of a cache, and the objects that each one needs. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Key } from '../base/ids.ts';
import { type ActionRecord, readAction } from './actions.ts';
import type { Artifact } from './artifact.ts';
import { objectPath } from './layout.ts';
import { readTree } from './tree.ts';

export interface StoredRecord {
  readonly path: string;
  readonly record: ActionRecord;
  /** When it was written. */
  readonly at: number;
}

export interface Records {
  readonly good: readonly StoredRecord[];
  /** Files among the records that are none: torn, changed, under another key's name. */
  readonly bad: readonly string[];
}

export function readRecords(cache: string): Records {
  const good: StoredRecord[] = [];
  const bad: string[] = [];
  for (const prefix of names(join(cache, 'actions'))) {
    for (const name of names(join(cache, 'actions', prefix))) {
      if (name.startsWith('.')) continue;
      const path = join(cache, 'actions', prefix, name);
      const key = `sha256:${prefix}${name.replace(/\.json$/, '')}` as Key;
      const stat = statSync(path, { throwIfNoEntry: false });
      if (stat === undefined) continue;
      const record = stat.isFile() && name.endsWith('.json') ? readAction(cache, key) : undefined;
      if (record === undefined) bad.push(path);
      else good.push({ path, record, at: stat.mtimeMs });
    }
  }
  return { good, bad };
}

/** The outputs whose bytes are to be there. */
export function keptOutputs({ outputs, temporary = [] }: ActionRecord): Artifact[] {
  return Object.entries(outputs).flatMap(([name, artifact]) => (temporary.includes(name) ? [] : [artifact]));
}

/** Paths of the objects that an artifact needs, its own first. A folder whose list is gone has only that. */
export function objectsOf(cache: string, artifact: Artifact): string[] {
  const own = objectPath(cache, artifact.digest, artifact.form);
  if (artifact.form !== 'tree') return [own];
  const members = (readTree(cache, artifact.digest) ?? []).flatMap((entry) =>
    entry[1] === 'file' || entry[1] === 'exec' ? [objectPath(cache, entry[2], entry[1])] : [],
  );
  return [own, ...members];
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
