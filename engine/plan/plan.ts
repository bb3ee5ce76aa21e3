/** @file The plan: the run's own decisions with the effects cut off. */
import type { Key, StageId } from '../../base/ids.ts';
import { firstLost } from '../../cache/tree.ts';
import type { Because, PlanLabel } from '../event.ts';
import type { Graph, Stage } from '../pipeline/graph.ts';
import type { Project } from '../project.ts';
import { type Decision, decide } from './decide.ts';
import { closureOf, type GraphIndex, indexGraph, sourcesOf } from './index.ts';
import { isPlaced, type OutPlace, outItems, outPlaces } from './placed.ts';
import type { Outputs } from './resolve.ts';
import { openWorld, type World, type WorldOptions } from './world.ts';

export interface PlanOptions extends WorldOptions {
  /** What is wanted, with all that it needs; undefined: every stage. */
  readonly targets?: readonly StageId[] | undefined;
  /** The targets run even with a result in the cache. */
  readonly force?: boolean | undefined;
}

export interface PlannedStage {
  readonly id: StageId;
  readonly kind: string;
  readonly label: PlanLabel;
  /** Null while it depends on what upstream will give. */
  readonly key: Key | null;
  readonly because: readonly Because[];
}

export interface Plan {
  readonly pipeline: string;
  readonly file: string;
  /** In the order of the graph. */
  readonly stages: readonly PlannedStage[];
}

export function planRun(graph: Graph, project: Project, options: PlanOptions = {}): Plan {
  const world = openWorld(project, options);
  const planned = planIn(indexGraph(graph), world, options);
  world.memo.flush();
  return planned.plan;
}

/** True if a run may do anything: what `--frozen` refuses. Placing results from the cache is allowed. */
export function wouldRun(plan: Plan): boolean {
  return plan.stages.some(({ label }) => label === 'run' || label === 'maybe');
}

export interface Planned {
  readonly plan: Plan;
  readonly decisions: ReadonlyMap<StageId, Decision>;
  /** Results whose bytes are needed and gone: their stages run again. */
  readonly lost: ReadonlyMap<StageId, Because>;
}

/** Plans in a given world; the run goes on in the same world, so that what was read once holds. */
export function planIn(index: GraphIndex, world: World, options: PlanOptions): Planned {
  const stages = options.targets === undefined ? index.graph.stages : closureOf(index, options.targets);
  const targets = new Set(options.targets ?? stages.map(({ id }) => id));
  const places = outPlaces(index, world).filter((place) => wanted(place, stages));
  const lost = new Map<StageId, Because>();
  // A lost result makes its stage run, which may need results that are lost too: until nothing new is lost.
  for (;;) {
    const before = lost.size;
    const decisions = decideAll(stages, index, world, (stage) => {
      return lost.get(stage.id) ?? (options.force && targets.has(stage.id) ? { kind: 'forced' } : undefined);
    });
    for (const [id, because] of lostBy(decisions, index, world)) lost.set(id, because);
    const unplaced = unplacedStages(places, index, world, decisions, lost);
    if (lost.size > before) continue;
    const plan = { pipeline: index.graph.name, file: index.graph.file };
    return {
      plan: { ...plan, stages: stages.map((stage) => label(stage, decisions, unplaced, index)) },
      decisions,
      lost,
    };
  }
}

/** A name of `out` is wanted when all its stages take part. */
export function wanted(place: OutPlace, stages: readonly Stage[]): boolean {
  const ids = new Set(stages.map(({ id }) => id));
  return place.stages.every((id) => ids.has(id));
}

export function outputsIn(decisions: ReadonlyMap<StageId, Decision>): (id: StageId) => Outputs | undefined {
  return (id) => {
    const decision = decisions.get(id);
    return decision?.state === 'hit' ? decision.record.outputs : undefined;
  };
}

function decideAll(
  stages: readonly Stage[],
  index: GraphIndex,
  world: World,
  anyway: (stage: Stage) => Because | undefined,
): Map<StageId, Decision> {
  const decisions = new Map<StageId, Decision>();
  const outputsOf = outputsIn(decisions);
  for (const stage of stages) {
    decisions.set(stage.id, decide(stage, index, world, outputsOf, { anyway: anyway(stage) }));
  }
  return decisions;
}

/** Stages whose results are in the records but not whole in the cache, and that a stage which runs will read. */
function lostBy(
  decisions: ReadonlyMap<StageId, Decision>,
  index: GraphIndex,
  world: World,
): Map<StageId, Because> {
  const lost = new Map<StageId, Because>();
  for (const [id, decision] of decisions) {
    if (decision.state === 'lost') {
      lost.set(decision.unresolved.stage, { kind: 'lost', detail: decision.unresolved.detail });
    }
    if (decision.state !== 'run' && !(decision.state === 'waiting' && decision.certain)) continue;
    for (const [producer, because] of lostInputs(id, index, world, outputsIn(decisions)))
      lost.set(producer, because);
  }
  return lost;
}

/** Producers of a stage's inputs whose bytes are not whole. */
export function lostInputs(
  id: StageId,
  index: GraphIndex,
  world: World,
  outputsOf: (id: StageId) => Outputs | undefined,
): Map<StageId, Because> {
  const lost = new Map<StageId, Because>();
  for (const binding of Object.values(index.stages.get(id)?.in ?? {})) {
    for (const source of sourcesOf(binding)) {
      if (source.kind !== 'output' || lost.has(source.stage)) continue;
      const artifact = outputsOf(source.stage)?.[source.output];
      const digest = artifact === undefined ? undefined : firstLost(world.project.cache, artifact);
      if (digest !== undefined) lost.set(source.stage, lostBecause(source.output, digest));
    }
  }
  return lost;
}

export function lostBecause(output: string, digest: string): Because {
  return { kind: 'lost', detail: `${output} is not whole in the cache: object ${digest.slice(0, 19)}` };
}

/** Stages with a result that has to be placed for people; those whose bytes are gone are added to `lost`. */
function unplacedStages(
  places: readonly OutPlace[],
  index: GraphIndex,
  world: World,
  decisions: ReadonlyMap<StageId, Decision>,
  lost: Map<StageId, Because>,
): Set<StageId> {
  const unplaced = new Set<StageId>();
  const outputsOf = outputsIn(decisions);
  for (const place of places) {
    const items = outItems(place, index, world, outputsOf);
    if (items === undefined || isPlaced(place, items, world)) continue;
    for (const { source } of place.items) {
      if (source.kind !== 'output') continue;
      unplaced.add(source.stage);
      const artifact = outputsOf(source.stage)?.[source.output];
      const digest = artifact === undefined ? undefined : firstLost(world.project.cache, artifact);
      if (digest !== undefined) lost.set(source.stage, lostBecause(source.output, digest));
    }
  }
  return unplaced;
}

function label(
  stage: Stage,
  decisions: ReadonlyMap<StageId, Decision>,
  unplaced: ReadonlySet<StageId>,
  index: GraphIndex,
): PlannedStage {
  const { id, kind } = stage;
  const decision = decisions.get(id) as Decision;
  switch (decision.state) {
    case 'hit':
      return { id, kind, label: unplaced.has(id) ? 'restore' : 'fresh', key: decision.key, because: [] };
    case 'run':
      return { id, kind, label: 'run', key: decision.key, because: decision.because };
    case 'waiting': {
      const because = decision.certain ? decision.because : waitingFor(stage, decisions, index);
      return { id, kind, label: decision.certain ? 'run' : 'maybe', key: null, because };
    }
    case 'failed':
    case 'lost':
      return { id, kind, label: 'run', key: null, because: [] };
  }
}

/** The inputs whose stages run or may run. */
function waitingFor(stage: Stage, decisions: ReadonlyMap<StageId, Decision>, index: GraphIndex): Because[] {
  const because = new Map<string, Because>();
  for (const binding of Object.values(index.stages.get(stage.id)?.in ?? {})) {
    for (const source of sourcesOf(binding)) {
      if (source.kind !== 'output' || decisions.get(source.stage)?.state === 'hit') continue;
      const { stage: id, output } = source;
      because.set(`${id}.${output}`, { kind: 'upstream', stage: id, output });
    }
  }
  return [...because.values()];
}
