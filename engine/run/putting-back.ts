/**
 * @file Puts results back that people took away from `out/`, when nothing else has changed: by the seal alone, without
 * loading the pipeline. Whatever is not plainly gone is for the long way, which looks before it replaces.
 */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { StageId } from '../../base/ids.ts';
import type { Artifact } from '../../cache/artifact.ts';
import { changedSince, type Guard } from '../../cache/guards.ts';
import { pinInput } from '../../cache/inputs.ts';
import { type Memo, openMemo } from '../../cache/memo.ts';
import { placeForPeople } from '../../cache/placement.ts';
import { errnoOf } from '../../cache/publish.ts';
import type { EventOf } from '../event.ts';
import type { Project } from '../project.ts';

/** A name of `out` as it was when the run was sealed. */
export interface SealedPlace {
  readonly name: string;
  readonly path: string;
  readonly stages: readonly StageId[];
  readonly items: readonly (readonly [path: string, artifact: Artifact])[];
  readonly guards: readonly Guard[];
}

export interface PutBack {
  /** All places, those that were put back with their new guards. */
  readonly places: readonly SealedPlace[];
  readonly events: readonly EventOf<'output-placed'>[];
  /** Stages whose results were put back. */
  readonly restored: ReadonlySet<StageId>;
}

/** Undefined where something else than a removal happened, or bytes are not to be had. */
export function putBack(project: Project, places: readonly SealedPlace[]): PutBack | undefined {
  const gone = new Set(places.filter(({ guards }) => changedSince(guards) !== undefined));
  if (
    ![...gone].every(({ path, items }) => [path, ...items.map(([to]) => to)].every((to) => !existsSync(to)))
  ) {
    return undefined;
  }
  const memo = openMemo(join(project.home, 'memo'));
  const events: EventOf<'output-placed'>[] = [];
  const now: SealedPlace[] = [];
  for (const place of places) {
    const guards = gone.has(place) ? restore(project, place, memo, events) : place.guards;
    if (guards === undefined) return undefined;
    now.push({ ...place, guards });
  }
  memo.flush();
  return { places: now, events, restored: new Set([...gone].flatMap(({ stages }) => stages)) };
}

function restore(
  { cache }: Project,
  { name, path, items }: SealedPlace,
  memo: Memo,
  events: EventOf<'output-placed'>[],
): readonly Guard[] | undefined {
  for (const [to, artifact] of items) {
    const placed = tryPlacing(cache, artifact, to);
    if (!placed?.ok) return undefined;
    for (const file of placed.value) {
      memo.record(statSync(file.path, { bigint: true }), file.digest, Date.now());
    }
    events.push({ type: 'output-placed', at: Date.now(), name, path: to, digest: artifact.digest });
  }
  const pinned = pinInput(path, memo, 'whole');
  return pinned.ok ? pinned.value.guards : undefined;
}

function tryPlacing(
  cache: string,
  artifact: Artifact,
  to: string,
): ReturnType<typeof placeForPeople> | undefined {
  try {
    return placeForPeople(cache, artifact, to);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
