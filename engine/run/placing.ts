/** @file Puts the pipeline's `out` where people look, and only what is not there already. */
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest, StageId } from '../../base/ids.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { Artifact } from '../../cache/artifact.ts';
import { placeForPeople } from '../../cache/placement.ts';
import type { Emit, StageFailure } from '../event.ts';
import type { GraphIndex } from '../plan/index.ts';
import { isPlaced, type OutItem, type OutPlace, outItems } from '../plan/placed.ts';
import type { OutputsOf } from '../plan/resolve.ts';
import type { World } from '../plan/world.ts';
import { cannotWrite } from './degraded.ts';

export interface Placer {
  readonly index: GraphIndex;
  readonly world: World;
  readonly emit: Emit;
}

/** A stage whose result is wanted by people and whose bytes are gone. */
export interface LostResult {
  readonly stage: StageId;
  readonly output: string;
  readonly digest: Digest;
}

/**
 * Which names of `out` a stage is part of, and whether all stages of one have their results. A name of thousands of
 * stages is asked after each of them, so one that is still missing is remembered and looked at first.
 */
export function watchOuts(outs: readonly OutPlace[]): {
  readonly placesOf: ReadonlyMap<StageId, readonly OutPlace[]>;
  readonly isComplete: (place: OutPlace, outputsOf: OutputsOf) => boolean;
} {
  const placesOf = new Map<StageId, OutPlace[]>();
  for (const place of outs) {
    for (const id of place.stages) placesOf.set(id, [...(placesOf.get(id) ?? []), place]);
  }
  const missing = new Map<OutPlace, StageId | undefined>();
  const isComplete = (place: OutPlace, outputsOf: OutputsOf): boolean => {
    const known = missing.get(place);
    if (known !== undefined && outputsOf(known) === undefined) return false;
    const next = place.stages.find((id) => outputsOf(id) === undefined);
    missing.set(place, next);
    return next === undefined;
  };
  return { placesOf, isComplete };
}

/** Where a name of `out` is now, and whether it had to be put there. Undefined while a stage of it has no result. */
export function placeOut(
  { index, world, emit }: Placer,
  place: OutPlace,
  outputsOf: OutputsOf,
): Result<{ readonly path: string; readonly placed: boolean } | undefined, LostResult | StageFailure> {
  const items = outItems(place, index, world, outputsOf);
  if (items === undefined) return ok(undefined);
  const path = place.many ? place.path : (items[0] as OutItem).path;
  if (isPlaced(place, items, world)) return ok({ path, placed: false });
  for (const [i, { path: to, artifact }] of items.entries()) {
    const source = place.items[i]?.source;
    if (source?.kind !== 'output') continue;
    const done = tryPlacing(world.project.cache, artifact, to);
    if ('code' in done) return err(done);
    if (!done.ok) return err({ stage: source.stage, output: source.output, digest: done.error.digest });
    for (const file of done.value) {
      world.memo.record(statSync(file.path, { bigint: true }), file.digest, Date.now());
    }
    emit({ type: 'output-placed', at: Date.now(), name: place.name, path: to, digest: artifact.digest });
  }
  if (place.many) removeOthers(place.path, items);
  return ok({ path, placed: true });
}

/** The result is stored all the same: the next run only has to place it. */
function tryPlacing(
  cache: string,
  artifact: Artifact,
  to: string,
): ReturnType<typeof placeForPeople> | StageFailure {
  try {
    return placeForPeople(cache, artifact, to);
  } catch (error) {
    const failure = cannotWrite('A result of the pipeline', error);
    if (failure === undefined) throw error;
    return failure;
  }
}

/** A folder of many holds one entry a label and nothing of an earlier set of labels. */
function removeOthers(folder: string, items: readonly OutItem[]): void {
  const wanted = new Set(items.map(({ path }) => path));
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (!wanted.has(path)) rmSync(path, { recursive: true, force: true });
  }
}
