/**
 * @file Temporary outputs (`temp: true`): a store of their own beside the cache's, `temp/objects/`. Nobody is promised
 * what lies there, so taking it away can spoil nothing: equal bytes that another record names, people want or another
 * engine hands out lie in `objects/` under their own name, a stage that runs has its own links, and whoever comes too
 * late finds a lost result, whose producer runs again.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../base/ids.ts';
import type { Result } from '../base/result.ts';
import type { ActionRecord } from './actions.ts';
import type { Artifact } from './artifact.ts';
import { objectPath } from './layout.ts';
import { type Handed, handedBefore, handToStage, type Lost } from './placement.ts';
import { removeQuietly } from './publish.ts';
import { firstLost, memberOf, readTree } from './tree.ts';

export function temporaryStore(cache: string): string {
  return join(cache, 'temp');
}

/** As `firstLost`, wherever the artifact lies. */
export function firstLostAnywhere(cache: string, artifact: Artifact): Digest | undefined {
  const lost = firstLost(cache, artifact);
  return lost !== undefined && firstLost(temporaryStore(cache), artifact) === undefined ? undefined : lost;
}

/** As `handToStage`, wherever the artifact lies. */
export function handFromAnywhere(
  cache: string,
  artifact: Artifact,
  to: string,
  apart: boolean,
): Result<Handed[], Lost> {
  const handed = handToStage(cache, artifact, to, apart);
  if (handed.ok || firstLost(temporaryStore(cache), artifact) !== undefined) return handed;
  rmSync(to, { recursive: true, force: true });
  return handToStage(temporaryStore(cache), artifact, to, apart);
}

/** As `handedBefore`, wherever the artifact lies. */
export function handedBeforeFromAnywhere(cache: string, artifact: Artifact, to: string): Handed[] {
  const store = firstLost(cache, artifact) === undefined ? cache : temporaryStore(cache);
  return handedBefore(store, artifact, to);
}

/** As `memberOf`; a member of a temporary folder is as temporary. */
export function memberFromAnywhere(
  cache: string,
  artifact: Artifact,
  subpath: string,
): ReturnType<typeof memberOf> {
  const member = memberOf(cache, artifact, subpath);
  if (member.ok || member.error.code !== 'lost') return member;
  return memberOf(temporaryStore(cache), artifact, subpath);
}

/**
 * Takes the files of an artifact away, except for those that others which are still needed hold too. The list of a
 * folder stays: the keys of stages that read its members come from it, and it takes next to no room.
 */
export function dropTemporary(cache: string, artifact: Artifact, needed: readonly Artifact[]): void {
  const store = temporaryStore(cache);
  const kept = new Set(needed.flatMap((each) => filesOf(store, each)));
  for (const path of filesOf(store, artifact)) if (!kept.has(path)) removeQuietly(path);
}

/** What runs that ended left there: everything but the lists of folders that are still outputs of a record. */
export function leftTemporary(cache: string, records: readonly ActionRecord[]): string[] {
  const store = temporaryStore(cache);
  const lists = new Set(
    records.flatMap(({ outputs, temporary = [] }) =>
      temporary.flatMap((name) => {
        const artifact = outputs[name];
        return artifact?.form === 'tree' ? [objectPath(store, artifact.digest, 'tree')] : [];
      }),
    ),
  );
  const folder = join(store, 'objects');
  const paths = namesIn(folder).flatMap((prefix) =>
    namesIn(join(folder, prefix)).map((name) => join(folder, prefix, name)),
  );
  return paths.filter((path) => !lists.has(path));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function filesOf(store: string, { form, digest }: Artifact): string[] {
  if (form !== 'tree') return [objectPath(store, digest, form)];
  return (readTree(store, digest) ?? []).flatMap((entry) =>
    entry[1] === 'file' || entry[1] === 'exec' ? [objectPath(store, entry[2], entry[1])] : [],
  );
}
