/**
 * @file The seal: after a complete run, everything that would have to change for the same call to do anything. While
 * nothing on the list has changed, the next such call is answered from it, without loading the pipeline.
 */
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { StageId } from '../../base/ids.ts';
import type { Guard } from '../../cache/guards.ts';
import { identityOf } from '../../cache/identity.ts';
import { pinInput } from '../../cache/inputs.ts';
import { actionPath } from '../../cache/layout.ts';
import { BUILD } from '../build.ts';
import type { EventOf } from '../event.ts';
import type { Look } from '../pipeline/reads.ts';
import { isPlaced, type OutPlace, outItems } from '../plan/placed.ts';
import type { Outputs } from '../plan/resolve.ts';
import { isInPlace } from '../plan/workspace.ts';
import type { World } from '../plan/world.ts';
import { settingsPath } from '../project.ts';
import type { RunContext } from './context.ts';
import type { SealedPlace } from './putting-back.ts';
import { keepSeal, type Seal, type SealedStage, sealPath } from './quick.ts';
import type { SkippedStage } from './result.ts';

/** What the loop ended with, stage by stage. */
export interface Sealable {
  readonly done: ReadonlyMap<StageId, EventOf<'stage-done'>>;
  readonly outputsOf: (id: StageId) => Outputs | undefined;
  readonly outs: readonly OutPlace[];
  readonly out: { readonly [name: string]: string };
  readonly lock: { readonly path: string; readonly current: boolean };
  readonly root: string | undefined;
}

/** Seals a run in which every stage has a stored result, for the call that it answered. */
export function sealRun(context: RunContext, sealable: Sealable): void {
  const { request } = context.options;
  if (request === undefined) return;
  const seal = makeSeal(context, sealable);
  if (seal === undefined) return;
  keepSeal(sealPath(context.world.project, request), seal);
}

/** Undefined where a stage runs every time, was not stored, or something was changed while the run went on. */
function makeSeal(context: RunContext, sealable: Sealable): Seal | undefined {
  const { index, world, run, options } = context;
  const { done, outputsOf, outs, out, lock, root = null } = sealable;
  const stages: SealedStage[] = [];
  const actions: Seal['actions'][number][] = [];
  const skipped: SkippedStage[] = [];
  const position = new Map(index.graph.stages.map(({ id }, i) => [id, i]));
  const inOrder = [...done.values()].sort(
    (a, b) => (position.get(a.stage) ?? 0) - (position.get(b.stage) ?? 0),
  );
  for (const { stage: id, key, outputs, from = run, reason, accepted, unstored } of inOrder) {
    if (unstored) return undefined;
    const left = index.graph.leftOut.find((each) => each.id === id);
    if (left !== undefined) {
      skipped.push({ id, kind: left.kind, reason });
      continue;
    }
    const stage = index.stages.get(id);
    if (key === null || stage?.cache !== true) return undefined;
    stages.push({ id, kind: stage.kind, key, outputs, from, accepted });
    if (stage.workspace?.frozen) continue;
    const path = actionPath(world.project.cache, key);
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    actions.push([path, identityOf(stat)]);
  }
  const places = outs.flatMap((place) => sealedPlace(context, place, out, outputsOf) ?? []);
  const own = stages.flatMap(({ id }) => outsInPlace(context, id, outputsOf) ?? [undefined]);
  if (places.length < outs.length || !own.every((path) => path !== undefined)) return undefined;
  const beside = [lock.path, settingsPath(world.project)];
  const present = beside.filter((path) => existsSync(path));
  const guards = guardsOf(context, [...present, ...own]);
  if (guards === undefined) return undefined;
  const { name: pipeline, file } = index.graph;
  const targets = options.targets ?? [];
  const { cache } = world.project;
  const known = new Set([...guards, ...places.flatMap((place) => place.guards)].map(({ path }) => path));
  const absent = beside.filter((path) => !present.includes(path)).map((path): Look => [path, 'missing']);
  const looks = [...(options.request?.looks ?? []).filter(([path]) => !known.has(path)), ...absent];
  const { current: locked } = lock;
  const sealed = {
    cache,
    root,
    guards,
    looks,
    warnings: options.request?.warnings ?? [],
    actions,
    pipeline,
    file,
    targets,
    stages,
    skipped,
    out,
    places,
    locked,
  };
  const asksForFacts = index.graph.stages.some(({ hardware }) => hardware.length > 0);
  const machine = asksForFacts ? world.machine : undefined;
  return { schema: 'warren/seal/8', ...sealed, machine };
}

/** A name of `out` with what vouches for it; undefined when something else lies there. */
function sealedPlace(
  { index, world }: RunContext,
  place: OutPlace,
  out: Sealable['out'],
  outputsOf: Sealable['outputsOf'],
): SealedPlace | undefined {
  const { name, stages } = place;
  const items = outItems(place, index, world, outputsOf);
  if (items === undefined || !isPlaced(place, items, world)) return undefined;
  const path = out[name];
  const pinned = path === undefined ? undefined : pinInput(path, world.memo, 'whole');
  if (path === undefined || !pinned?.ok) return undefined;
  const sealed = items.map(({ path: to, artifact }): SealedPlace['items'][number] => [to, artifact]);
  return { name, path, stages, items: sealed, guards: pinned.value.guards };
}

/** Paths of what a stage wrote into the project; undefined when they are not as it left them. */
function outsInPlace(
  { index, world }: RunContext,
  id: StageId,
  outputsOf: Sealable['outputsOf'],
): string[] | undefined {
  const outs = Object.entries(index.stages.get(id)?.workspace?.outs ?? {});
  const outputs = outputsOf(id) ?? {};
  const whole = outs.every(([name, { path }]) => {
    const artifact = outputs[name];
    return artifact !== undefined && isInPlace(path, artifact, world);
  });
  return whole ? outs.map(([, { path }]) => path) : undefined;
}

function guardsOf({ world, index, options }: RunContext, placed: readonly string[]): Guard[] | undefined {
  const guards = [...world.guards()];
  const kinds = new Set(index.graph.stages.map(({ kind }) => kind));
  const paths = [BUILD, ...manifestPaths(kinds, world), ...world.codeFiles(), ...placed];
  for (const path of new Set(paths)) {
    const pinned = pinInput(path, world.memo, 'whole');
    if (!pinned.ok) return undefined;
    for (const guard of pinned.value.guards) guards.push(guard);
  }
  for (const { path, digest } of options.request?.files ?? []) {
    const pinned = pinInput(path, world.memo, 'whole');
    // Edited since it was loaded: what ran is not what it says now.
    if (!pinned.ok || pinned.value.artifact.digest !== digest) return undefined;
    for (const guard of pinned.value.guards) guards.push(guard);
  }
  return guards;
}

function manifestPaths(kinds: Iterable<string>, world: World): string[] {
  return [...kinds].map((kind) => join(dirname(world.registry.entryOf(kind)), 'manifest.json'));
}
