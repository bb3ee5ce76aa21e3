/** @file `verify`: stages run again beside the cache, side by side as in a run, and compared with their results. */
import type { Key, StageId } from '../../base/ids.ts';
import type { ActionRecord } from '../../cache/actions.ts';
import { openLease } from '../../cache/leases.ts';
import { openLocks } from '../../cache/locks.ts';
import type { Emit, StageFailure } from '../event.ts';
import type { Lease } from '../executors/gpus/lease.ts';
import { readLockFile } from '../lock/file.ts';
import type { Graph, Stage } from '../pipeline/graph.ts';
import { type Decision, decide } from '../plan/decide.ts';
import { closureOf, indexGraph } from '../plan/index.ts';
import type { Outputs } from '../plan/resolve.ts';
import { openWorld, type World, type WorldOptions } from '../plan/world.ts';
import type { Project } from '../project.ts';
import { admit } from '../run/admission.ts';
import { gpuAskOf } from '../run/gpus.ts';
import { makePlacements, type Placed, roomHere } from '../run/placement.ts';
import { demandOf, makeTokens } from '../run/tokens.ts';
import { placeHere } from '../settings/here.ts';
import { LOCAL, type Profiles } from '../settings/profiles.ts';
import { type OutputFound, type Repeated, repeatStage, type VerifyContext } from './repeat.ts';

export interface VerifyOptions extends WorldOptions {
  readonly targets: readonly StageId[];
  /** How often each stage is run. */
  readonly times: number;
  /** For results that were made on another class of machine: how far numbers may be apart. */
  readonly tolerance: number;
  readonly jobs?: number | undefined;
  /** What of this machine is used: stages are verified here, whatever the profile. */
  readonly profiles?: Profiles | undefined;
  readonly profile?: string | undefined;
  readonly stop?: AbortSignal | undefined;
  readonly kill?: AbortSignal | undefined;
}

/** `skipped`: no result is ever kept of it. `unverified`: it has none now, or could not be run as it was. */
export type Verdict = 'equal' | 'different' | 'failed' | 'unverified' | 'skipped' | 'cancelled';

export interface Verified {
  readonly id: StageId;
  readonly kind: string;
  readonly key: Key | null;
  readonly verdict: Verdict;
  /** How often it was run to an end, and the seconds of all. */
  readonly times: number;
  readonly seconds: number;
  /** The result was made on another class of machine: numbers may differ by the tolerance. */
  readonly elsewhere: boolean;
  /** What differs, and the first time that it did, from 1. */
  readonly outputs: readonly (OutputFound & { readonly time: number })[];
  readonly reason: string | null;
  readonly failure: StageFailure | null;
}

/** Every target, in the graph's order. The cache stays as it is. */
export async function verifyStages(
  graph: Graph,
  project: Project,
  options: VerifyOptions,
  emit: Emit,
): Promise<Verified[]> {
  const index = indexGraph(graph);
  const world = openWorld(project, { ...options, lock: (await readLockFile(graph.file)).entries });
  const placements = makePlacements(project, {}, emit);
  const locks = openLocks(project.cache);
  // What is compared must not be collected meanwhile.
  const of = { project: project.root, pipeline: graph.name, file: graph.file, targets: options.targets };
  const lease = openLease(project.cache, of);
  const context: VerifyContext = { index, world, options, placements, locks, emit };
  const total = { ...roomHere(options), limits: graph.limits };
  const tokens = makeTokens(total);
  const wanted = new Set(options.targets);
  const known = new Map<StageId, Outputs>();
  const pending: Promise<Verified>[] = [];

  /** Wherever its result was made: it runs here. */
  async function queue(made: Stage, hit: Extract<Decision, { state: 'hit' }>): Promise<Verified> {
    const place = placeHere(options.profiles ?? new Map(), options.profile ?? LOCAL, made);
    const stage = { ...made, resources: place.resources };
    const demand = demandOf(stage, world.backendOf(stage.kind) !== null, total);
    const admitted = await admit({ placements, emit }, stage, place, options.stop);
    if (admitted.kind === 'refused') return without(stage, hit, asReason(admitted.failure.message));
    const cancelled: Verified = { ...without(stage, hit, ''), verdict: 'cancelled', reason: null };
    if (admitted.kind === 'stopped') return cancelled;
    const { station } = admitted;
    const gpus = await gpuAskOf(context, stage, station, options.stop ?? new AbortController().signal);
    return await new Promise((resolve, reject) => {
      const start = (given?: Lease): void => {
        const stopped = gpus !== undefined && given === undefined;
        const repeated = stopped
          ? Promise.resolve(cancelled)
          : repeat(context, stage, hit, options, { ...station, lease: given });
        const end = (): void => {
          given?.release();
          tokens.release(demand);
        };
        repeated.finally(end).then(resolve, reject);
      };
      tokens.request(demand, start, undefined, gpus);
    });
  }

  try {
    for (const stage of closureOf(index, options.targets)) {
      const decision = decide(stage, index, world, (id) => known.get(id), {});
      if (decision.state === 'hit') {
        known.set(stage.id, decision.record.outputs);
        lease.announce([[decision.key, stage.id]]);
      }
      if (!wanted.has(stage.id)) continue;
      const reason = hindranceOf(stage, decision);
      if (reason !== undefined) pending.push(Promise.resolve(without(stage, decision, reason)));
      else if (decision.state === 'hit') pending.push(queue(stage, decision));
    }
    lease.planned();
    return await Promise.all(pending);
  } finally {
    placements.close();
    locks.close();
    lease.close();
    world.memo.flush();
  }
}

function hindranceOf(stage: Stage, decision: Decision): string | undefined {
  if (!stage.cache) return 'cache: false';
  if (stage.workspace !== undefined) return "it runs among the project's own files, which it would write to";
  switch (decision.state) {
    case 'hit':
      return undefined;
    case 'run':
      return 'it has no result';
    case 'waiting':
      return 'a stage above it has no result';
    case 'lost':
      return decision.unresolved.detail;
    case 'failed':
      return decision.failure.message;
  }
}

function without(stage: Stage, decision: Decision, reason: string): Verified {
  const key = 'key' in decision ? decision.key : null;
  const verdict = stage.cache ? 'unverified' : 'skipped';
  const { id, kind } = stage;
  return {
    id,
    kind,
    key,
    verdict,
    times: 0,
    seconds: 0,
    elsewhere: false,
    outputs: [],
    reason,
    failure: null,
  };
}

async function repeat(
  context: VerifyContext,
  stage: Stage,
  hit: Extract<Decision, { state: 'hit' }>,
  { times, tolerance, stop }: VerifyOptions,
  placed: Placed,
): Promise<Verified> {
  const { id, kind } = stage;
  const elsewhere = !isSameMachine(context.world, hit.record.machine);
  const outputs = new Map<string, Verified['outputs'][number]>();
  let seconds = 0;
  let done = 0;
  const end = (verdict: Verdict, rest: { reason?: string; failure?: StageFailure } = {}): Verified => ({
    id,
    kind,
    key: hit.key,
    verdict,
    times: done,
    seconds,
    elsewhere,
    outputs: [...outputs.values()],
    reason: rest.reason ?? null,
    failure: rest.failure ?? null,
  });
  while (done < times) {
    const again: Repeated = stop?.aborted
      ? { kind: 'cancelled' }
      : await repeatStage(context, stage, hit, elsewhere ? tolerance : 0, placed);
    if (again.kind === 'cancelled') return end('cancelled');
    if (again.kind === 'unable') return end('unverified', { reason: again.reason });
    seconds += again.seconds;
    done += 1;
    if (again.kind === 'failed') return end('failed', { failure: again.failure });
    for (const found of again.outputs) {
      const before = outputs.get(found.output);
      // What differed beyond the tolerance once outweighs what stayed within it before.
      if (before === undefined || before.differences.length === 0)
        outputs.set(found.output, { ...found, time: done });
    }
  }
  const differs = [...outputs.values()].some(({ differences }) => differences.length > 0);
  return end(differs ? 'different' : 'equal');
}

/** `It asks for 1 GPU.` -> `it asks for 1 GPU` */
function asReason(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1).replace(/\.$/, '');
}

/** The class of machine: on an equal one equal work gives equal bytes. */
function isSameMachine({ machine: here }: World, { platform, arch, cpu }: ActionRecord['machine']): boolean {
  return here.platform === platform && here.arch === arch && here.cpu_model === cpu;
}
