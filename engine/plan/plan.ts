/** @file The plan: the run's own decisions with the effects cut off. */
import type { Key, StageId } from '../../base/ids.ts';
import { hashAhead } from '../../cache/ahead.ts';
import type { Artifact } from '../../cache/artifact.ts';
import type { Because, PlanLabel } from '../event.ts';
import type { Stage } from '../pipeline/graph.ts';
import { type Decision, decide, outputsIn } from './decide.ts';
import { closureOf, filesOf, type GraphIndex, sourcesOf } from './index.ts';
import { addIfLost, addLostInputs, type LostResults } from './lost.ts';
import { type Perhaps, perhapsLost } from './perhaps.ts';
import { isPlaced, type OutPlace, outItems, outPlaces } from './placed.ts';
import type { OutputsOf } from './resolve.ts';
import { findTwins } from './twins.ts';
import type { World, WorldOptions } from './world.ts';

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
  /** For `skip`: why. */
  readonly reason?: string | undefined;
}

export interface Plan {
  readonly pipeline: string;
  readonly file: string;
  /** In the order of the graph; those that are skipped come last. */
  readonly stages: readonly PlannedStage[];
}

/** True if a run may do anything: what `--frozen` refuses. Placing results from the cache is allowed. */
export function wouldRun(plan: Plan): boolean {
  return plan.stages.some(({ label }) => label === 'run' || label === 'maybe');
}

/** The plan with what the run goes on from. */
export interface Planned {
  readonly plan: Plan;
  readonly stages: readonly Stage[];
  readonly decisions: ReadonlyMap<StageId, Decision>;
  /** Why a stage runs even with a record: forced, or its bytes are gone. */
  readonly anyway: (stage: Stage) => Because | undefined;
  /** What is needed and not whole in the cache. */
  readonly wanted: readonly Artifact[];
}

/** As `planIn`, where large inputs that nobody has hashed yet are hashed side by side before. */
export async function planAhead(index: GraphIndex, world: World, options: PlanOptions): Promise<Planned> {
  const { targets } = options;
  const stages = targets === undefined ? index.graph.stages : closureOf(index, targets);
  await hashAhead(filesOf(stages), world.memo);
  return planIn(index, world, options);
}

/** Plans in a given world; the run goes on in the same world, so that what was read once holds. */
export function planIn(index: GraphIndex, world: World, options: PlanOptions): Planned {
  const stages = options.targets === undefined ? index.graph.stages : closureOf(index, options.targets);
  const forced = new Set(options.force ? (options.targets ?? stages.map(({ id }) => id)) : []);
  const places = outPlaces(index, world).filter((place) => isWanted(place, stages));
  const lost: LostResults = { producers: new Map(), wanted: [] };
  const { producers, wanted } = lost;
  const anyway = ({ id }: Stage): Because | undefined =>
    producers.get(id) ?? (forced.has(id) ? { kind: 'forced' } : undefined);
  // A lost result makes its stage run, which may need results that are lost too: until nothing new is lost.
  for (;;) {
    const before = producers.size;
    const decisions = new Map<StageId, Decision>();
    const outputsOf = outputsIn(decisions);
    for (const stage of stages) {
      decisions.set(stage.id, decide(stage, index, world, outputsOf, { anyway: anyway(stage) }));
    }
    addLostInputs(lost, decisions, index, world, outputsOf);
    const unplaced = findUnplaced(places, index, world, outputsOf, lost);
    if (producers.size > before) continue;
    const perhaps = perhapsLost({ stages, index, world, places, anyway, decisions });
    const twins = findTwins(stages, perhaps.decisions);
    const planned = stages.map((stage) => plannedStage(stage, perhaps, unplaced, twins));
    const skipped = skippedAmong(index, stages, options);
    const plan = {
      pipeline: index.graph.name,
      file: index.graph.file,
      stages: [...planned, ...skipped],
    };
    return { plan, stages, decisions, anyway, wanted };
  }
}

/** Left out by `when:`, of those that were asked for or that a stage here misses. */
function skippedAmong(
  { graph }: GraphIndex,
  stages: readonly Stage[],
  { targets = [] }: PlanOptions,
): PlannedStage[] {
  if (graph.leftOut.length === 0) return [];
  const whole = stages.length === graph.stages.length;
  const here = new Set<string>(stages.map(({ id }) => id));
  const asked = new Set(targets);
  const missed = (input: string): boolean => here.has(input.slice(0, input.lastIndexOf('.')));
  return graph.leftOut
    .filter(({ id, missedBy }) => whole || asked.has(id) || missedBy.some(missed))
    .map(({ id, kind, reason, missedBy }) => {
      const more = missedBy.length > 2 ? ` and ${missedBy.length - 2} more` : '';
      const without = missedBy.length > 0 ? `; left out of ${missedBy.slice(0, 2).join(', ')}${more}` : '';
      return { id, kind, label: 'skip', key: null, because: [], reason: `${reason}${without}` };
    });
}

/** A name of `out` is wanted when all its stages take part. */
export function isWanted(place: OutPlace, stages: readonly Stage[]): boolean {
  const ids = new Set(stages.map(({ id }) => id));
  return place.stages.every((id) => ids.has(id));
}

/** Stages with a result that has to be placed for people; those whose bytes are gone are added to `lost`. */
function findUnplaced(
  places: readonly OutPlace[],
  index: GraphIndex,
  world: World,
  outputsOf: OutputsOf,
  lost: LostResults,
): Set<StageId> {
  const unplaced = new Set<StageId>();
  for (const place of places) {
    const items = outItems(place, index, world, outputsOf);
    if (items === undefined || isPlaced(place, items, world)) continue;
    for (const id of place.stages) unplaced.add(id);
    for (const { source } of place.items) addIfLost(lost, source, index, world, outputsOf);
  }
  return unplaced;
}

function plannedStage(
  stage: Stage,
  { producers, decisions }: Perhaps,
  unplaced: ReadonlySet<StageId>,
  twins: ReadonlyMap<StageId, StageId>,
): PlannedStage {
  const { id, kind } = stage;
  const decision = decisions.get(id) as Decision;
  const needed = producers.get(id);
  if (needed !== undefined) {
    const key = 'key' in decision ? decision.key : null;
    return { id, kind, label: 'maybe', key, because: [needed] };
  }
  switch (decision.state) {
    case 'hit':
      return {
        id,
        kind,
        label: decision.unplaced || unplaced.has(id) ? 'restore' : 'fresh',
        key: decision.key,
        because: [],
      };
    case 'run': {
      const twin = twins.get(id);
      if (twin === undefined) return { id, kind, label: 'run', key: decision.key, because: decision.because };
      return { id, kind, label: 'maybe', key: decision.key, because: [{ kind: 'twin', stage: twin }] };
    }
    case 'waiting': {
      if (decision.certain && !twins.has(id)) {
        return { id, kind, label: 'run', key: null, because: decision.because };
      }
      return { id, kind, label: 'maybe', key: null, because: waitingFor(stage, decisions) };
    }
    case 'failed':
    case 'lost':
      return { id, kind, label: 'run', key: null, because: [] };
  }
}

/** The inputs whose stages run or may run. */
function waitingFor(stage: Stage, decisions: ReadonlyMap<StageId, Decision>): Because[] {
  const because = new Map<string, Because>();
  for (const binding of Object.values(stage.in)) {
    for (const source of sourcesOf(binding)) {
      if (source.kind !== 'output' || decisions.get(source.stage)?.state === 'hit') continue;
      const { stage: id, output } = source;
      because.set(`${id}.${output}`, { kind: 'upstream', stage: id, output });
    }
  }
  return [...because.values()];
}
