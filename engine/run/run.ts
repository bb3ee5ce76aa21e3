/** @file One invocation: plan, journal, loop, result. */
import { setMaxListeners } from 'node:events';
import type { RunId, StageId } from '../../base/ids.ts';
import type { Emit, EventOf } from '../event.ts';
import { readLockFile } from '../lock/file.ts';
import type { LockFault } from '../lock/outdated.ts';
import type { Graph } from '../pipeline/graph.ts';
import { planAsking } from '../plan/asking.ts';
import { indexGraph } from '../plan/index.ts';
import { outPlaces } from '../plan/placed.ts';
import { isWanted, type Planned, wouldRun } from '../plan/plan.ts';
import { openWorld } from '../plan/world.ts';
import type { Project } from '../project.ts';
import { clearAttempt } from './attempt-folder.ts';
import type { RunOptions } from './context.ts';
import { journalFault, locksOrNone } from './degraded.ts';
import { journalInterrupts } from './interrupted.ts';
import { openJournal } from './journal.ts';
import { announcePlan, type Keeping, keepFor } from './keep.ts';
import { unneededAttempts, unneededWarning } from './left/unneeded.ts';
import { frozenFaults, publishLocked, updateLock } from './locking.ts';
import { type LoopEnd, runLoop } from './loop.ts';
import { makePlacements } from './placement.ts';
import { openRunRemote } from './remote.ts';
import { type Outcome, type RunResult, type StageResult, skippedEvents, skippedResult } from './result.ts';
import { sealRun } from './seal.ts';

export type { RunOptions } from './context.ts';

/** Runs what has no result, in parallel, and places the pipeline's `out`. Events go to `emit` and to the journal. */
export async function runPipeline(
  graph: Graph,
  project: Project,
  options: RunOptions,
  emit: Emit,
): Promise<RunResult> {
  const { stop, kill } = options;
  // Every attempt listens to them, and there may be thousands elsewhere.
  for (const signal of [stop, kill]) if (signal !== undefined) setMaxListeners(0, signal);
  const leave = await enter(graph, project, options, emit);
  if (leave === undefined) {
    return { schema: 'warren/run/1', run: null, outcome: 'interrupted', stages: [], out: {} };
  }
  try {
    return await runHere(graph, project, options, emit);
  } finally {
    leave();
  }
}

/** Stages that work on the project's own files are for one engine at a time. Undefined: stopped while waiting. */
async function enter(
  graph: Graph,
  project: Project,
  { frozen, stop }: RunOptions,
  emit: Emit,
): Promise<(() => void) | undefined> {
  const inPlace = graph.stages.some(({ workspace }) => workspace !== undefined);
  if (!inPlace || frozen) return () => undefined;
  const { enterWorkspace } = await import('./in-place/enter.ts');
  return enterWorkspace(project, stop, emit);
}

async function runHere(graph: Graph, project: Project, options: RunOptions, emit: Emit): Promise<RunResult> {
  const keeping = keepFor(graph, project, options);
  try {
    return await runKept(graph, project, options, emit, keeping);
  } finally {
    keeping.lease.close();
  }
}

async function runKept(
  graph: Graph,
  project: Project,
  options: RunOptions,
  emit: Emit,
  { lease, end: leave }: Keeping,
): Promise<RunResult> {
  const began = performance.now();
  const index = indexGraph(graph);
  const lock = await readLockFile(graph.file);
  const remote = await openRunRemote(project.cache, options.remote, options.stop);
  const world = openWorld(project, { ...options, lock: lock.entries, elsewhere: remote.elsewhere });
  const planned = await planAsking(index, world, options);
  announcePlan(lease, planned);
  if (options.frozen) {
    const faults = frozenFaults(lock, planned, options);
    if (faults.length > 0 || wouldRun(planned.plan)) {
      if (lock.problem !== undefined) emit({ type: 'warning', at: Date.now(), diagnostic: lock.problem });
      remote.listen(emit);
      remote.close();
      return refused(planned, faults);
    }
  }
  const outs = outPlaces(index, world).filter((place) => isWanted(place, planned.stages));
  const journal = openJournal(project, graph);
  const done = new Map<StageId, EventOf<'stage-done'>>();
  const both: Emit = (event) => {
    if (event.type === 'stage-done') done.set(event.stage, event);
    journal.emit(event);
    emit(event);
  };
  const placements = makePlacements(project, options, both);
  const { locks, fault } = locksOrNone(project.cache);
  const held: string[] = [];
  let silence = (): void => undefined;
  try {
    both({
      type: 'run-started',
      at: Date.now(),
      run: journal.run,
      pipeline: graph.name,
      file: graph.file,
      targets: options.targets ?? [],
      stages: planned.plan.stages.map(({ id, kind, label }) => ({ id, kind, label })),
      overrides: options.overrides ?? {},
      files: options.files,
    });
    remote.listen(both);
    silence = journalInterrupts(options, journal.emit);
    const context = { run: journal.run, index, world, options, placements, locks, lease, held, emit: both };
    if (fault !== undefined) both({ type: 'warning', at: Date.now(), diagnostic: fault });
    if (lock.problem !== undefined) both({ type: 'warning', at: Date.now(), diagnostic: lock.problem });
    const unneeded = unneededAttempts(graph, project, planned);
    if (unneeded.length > 0) both({ type: 'warning', at: Date.now(), diagnostic: unneededWarning(unneeded) });
    const skipped = planned.plan.stages.filter(({ label }) => label === 'skip').map(skippedResult);
    for (const event of skippedEvents(skipped)) both(event);
    const end = await runLoop(context, planned, outs);
    const result = resultOf(journal.run, end, skipped, options);
    world.memo.flush();
    remote.close();
    const root = leave(result);
    if (result.outcome === 'done') {
      const { out, outputsOf } = end;
      await publishLocked(project, end.locked);
      const { current, warnings } = updateLock(lock, { graph, done, outputsOf }, options);
      for (const diagnostic of warnings) both({ type: 'warning', at: Date.now(), diagnostic });
      // Answered from a seal, the next call would not say it.
      if (unneeded.length === 0)
        sealRun(context, { done, outs, out, outputsOf, lock: { path: lock.path, current }, root });
    }
    const gap = journal.fault();
    if (gap !== undefined) emit({ type: 'warning', at: Date.now(), diagnostic: journalFault(gap) });
    const seconds = (performance.now() - began) / 1000;
    both({ type: 'run-done', at: Date.now(), outcome: result.outcome, seconds });
    return result;
  } finally {
    silence();
    placements.close();
    locks.close();
    for (const folder of held) clearAttempt(folder);
    journal.close();
  }
}

function resultOf(
  run: RunId,
  { results, out }: LoopEnd,
  skipped: readonly StageResult[],
  options: RunOptions,
): RunResult & { readonly outcome: Exclude<Outcome, 'refused'> } {
  let outcome: Exclude<Outcome, 'refused'> = 'done';
  if (results.some(({ action }) => action !== 'fresh' && action !== 'restored' && action !== 'ran'))
    outcome = 'failed';
  if (options.stop?.aborted && outcome === 'failed') outcome = 'interrupted';
  return { schema: 'warren/run/1', run, outcome, stages: [...results, ...skipped], out };
}

function refused({ plan }: Planned, faults: readonly LockFault[]): RunResult {
  const stages = plan.stages.map(({ id, kind, label, key, because, reason }) => {
    const action =
      label === 'run' || label === 'maybe' || label === 'skip' ? ('skipped' as const) : ('fresh' as const);
    return { id: id as StageId, kind, action, key, seconds: 0, because, reason };
  });
  return { schema: 'warren/run/1', run: null, outcome: 'refused', stages, out: {}, lock: faults };
}
