/** @file What is to be done about one stage. The plan and the run both ask here, so they cannot disagree. */
import type { Digest, Key, StageId } from '../../base/ids.ts';
import { type ActionRecord, ownDigest, readAction } from '../../cache/actions.ts';
import type { Because, StageFailure } from '../event.ts';
import type { Stage } from '../pipeline/graph.ts';
import { becauseOf } from './because.ts';
import { asJson, type Fingerprint, fingerprintOf, keyOf, type ResolvedInputs } from './fingerprint.ts';
import type { GraphIndex } from './index.ts';
import { lockedRecord, mayBeLocked } from './locked.ts';
import { type OutputsOf, resolveInputs, type Unresolved } from './resolve.ts';
import { decideFrozen, leadsOut, staleRecord } from './workspace.ts';
import type { World } from './world.ts';

export interface Keyed {
  readonly key: Key;
  readonly fingerprint: Fingerprint;
  readonly inputs: ResolvedInputs;
}

export type Decision =
  /** `unplaced`: of a stage that runs in place, outputs have to be put back. */
  | (Keyed & { readonly state: 'hit'; readonly record: ActionRecord; readonly unplaced: boolean })
  /** `anyway`: it runs, and replaces a record, even if there is one. */
  | (Keyed & { readonly state: 'run'; readonly because: readonly Because[]; readonly anyway: boolean })
  | Waiting
  | { readonly state: 'lost'; readonly unresolved: Extract<Unresolved, { kind: 'lost' }> }
  | { readonly state: 'failed'; readonly failure: StageFailure };

/** Upstream has no result yet. */
interface Waiting {
  readonly state: 'waiting';
  /** Whatever upstream gives, no result with this stage's own part exists. */
  readonly certain: boolean;
  /** Digest of that part; undefined for a stage that runs anyway. */
  readonly own: Digest | undefined;
  readonly because: readonly Because[];
}

export interface DecideOptions {
  /** Why the stage runs even with a result in the cache: `--force`, or a result whose bytes are gone. */
  readonly anyway?: Because | undefined;
}

export function decide(
  stage: Stage,
  index: GraphIndex,
  world: World,
  outputsOf: OutputsOf,
  { anyway }: DecideOptions,
): Decision {
  const { workspace } = stage;
  const outside = workspace && leadsOut(stage, workspace, world.project);
  if (outside !== undefined) return { state: 'failed', failure: outside };
  if (workspace?.frozen) return decideFrozen(stage, workspace, world);
  const code = world.codeOf(stage.kind);
  const backend = world.backendOf(stage.kind);
  const reason = anyway ?? (stage.cache ? undefined : runsAlways(stage));
  const inputs = resolveInputs(stage, index, world, outputsOf);
  if (!inputs.ok) {
    if (inputs.error.kind === 'failed') return { state: 'failed', failure: inputs.error.failure };
    if (inputs.error.kind === 'lost') return { state: 'lost', unresolved: inputs.error };
    if (reason !== undefined) return { state: 'waiting', certain: true, own: undefined, because: [reason] };
    const fingerprint = fingerprintOf(stage, {}, code, backend, world.machine);
    const own = ownDigest(asJson(fingerprint));
    // A remote or the lock file may have what shows its key only later.
    const certain = world.elsewhere === undefined && !world.owns().has(own) && !mayBeLocked(stage, world);
    const because = certain ? becauseOf(stage, index.graph.name, undefined, fingerprint, world) : [];
    return { state: 'waiting', certain, own, because };
  }
  const fingerprint = fingerprintOf(stage, inputs.value, code, backend, world.machine);
  const keyed: Keyed = { key: keyOf(fingerprint), fingerprint, inputs: inputs.value };
  if (reason !== undefined) return { ...keyed, state: 'run', because: [reason], anyway: true };
  const own = wholeRecord(stage, readAction(world.project.cache, keyed.key));
  const record = lockedRecord(stage, keyed, own, world) ?? own;
  const pipeline = index.graph.name;
  const stale =
    record === undefined || workspace === undefined
      ? undefined
      : staleRecord(stage, workspace, record, pipeline, world);
  if (record !== undefined && (stale === undefined || stale === 'unplaced')) {
    return { ...keyed, state: 'hit', record, unplaced: stale === 'unplaced' };
  }
  const because =
    typeof stale === 'object' ? [stale] : becauseOf(stage, pipeline, keyed.key, fingerprint, world);
  return { ...keyed, state: 'run', because, anyway: stale !== undefined };
}

/** The key says which outputs there are; a record that lacks one was not written by a run. */
function wholeRecord(stage: Stage, record: ActionRecord | undefined): ActionRecord | undefined {
  return Object.keys(stage.out).every((name) => record?.outputs[name] !== undefined) ? record : undefined;
}

function runsAlways({ workspace }: Stage): Because {
  return workspace === undefined ? { kind: 'uncached' } : { kind: 'uncached', detail: 'it runs every time' };
}

/** The outputs of stages that have their results. */
export function outputsIn(decisions: ReadonlyMap<StageId, Decision>): OutputsOf {
  return (id) => {
    const decision = decisions.get(id);
    return decision?.state === 'hit' ? decision.record.outputs : undefined;
  };
}
