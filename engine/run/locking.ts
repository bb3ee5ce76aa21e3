/** @file The lock file in a run: what `--frozen` asks of it, and its writing after a complete run. */
import { basename } from 'node:path';
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { StageId } from '../../base/ids.ts';
import { type ActionRecord, publishAction, readAction } from '../../cache/actions.ts';
import { errnoOf } from '../../cache/publish.ts';
import type { EventOf } from '../event.ts';
import { type LockFile, writeLockFile } from '../lock/file.ts';
import type { LockEntry } from '../lock/format.ts';
import { type LockFault, lockFaults } from '../lock/outdated.ts';
import type { Graph } from '../pipeline/graph.ts';
import type { Planned } from '../plan/plan.ts';
import type { OutputsOf } from '../plan/resolve.ts';
import type { Project } from '../project.ts';
import type { RunOptions } from './context.ts';

/** Stores what was taken from the lock file's word under its key, unless the cache has a record of its own. */
export async function publishLocked(project: Project, records: readonly ActionRecord[]): Promise<void> {
  for (const record of records) {
    if (readAction(project.cache, record.key) === undefined) {
      await publishAction(project.cache, record, false);
    }
  }
}

/** Whether the run is of the file as it stands: the lock file says nothing of a run with other keys. */
function isPlainRun({ overrides = {}, threads }: RunOptions): boolean {
  // Where stages run changes no key.
  const { profile: _, ...ofKeys } = overrides;
  const changes = Object.values(ofKeys).some((value) => !Array.isArray(value) || value.length > 0);
  return !changes && threads === undefined;
}

/** Where an existing lock file does not name what the planned results are. */
export function frozenFaults(lock: LockFile, planned: Planned, options: RunOptions): LockFault[] {
  if (lock.text === undefined || !isPlainRun(options)) return [];
  const results = planned.stages.flatMap((stage): [StageId, LockEntry][] => {
    const decision = planned.decisions.get(stage.id);
    if (decision?.state !== 'hit' || !stage.cache) return [];
    return [[stage.id, { key: decision.key, out: decision.record.outputs }]];
  });
  return lockFaults(lock.entries, results);
}

export interface Finished {
  readonly graph: Graph;
  readonly done: ReadonlyMap<StageId, EventOf<'stage-done'>>;
  readonly outputsOf: OutputsOf;
}

export interface LockEnd {
  /** Whether the file now names exactly the results of this run. */
  readonly current: boolean;
  readonly warnings: readonly Diagnostic[];
}

/** After a successful run: a complete one of the plain file writes the lock file, any other leaves it as it is. */
export function updateLock(lock: LockFile, finished: Finished, options: RunOptions): LockEnd {
  const entries = entriesOf(finished);
  const faults = lockFaults(lock.entries, entries);
  const whole = finished.graph.stages.every(
    ({ id }) => finished.done.get(id)?.unstored === undefined && finished.done.has(id),
  );
  if (!whole || !isPlainRun(options)) {
    return { current: lock.text === undefined || faults.length === 0, warnings: [] };
  }
  try {
    const written = writeLockFile(lock, new Map(entries));
    const current = written || (lock.problem === undefined && faults.length === 0);
    return { current, warnings: options.force === true ? [] : otherOutputs(lock, faults) };
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    const message = `The lock file could not be written: ${(error as Error).message}.`;
    return { current: false, warnings: [{ code: 'lock-write', severity: 'warning', message }] };
  }
}

function entriesOf({ graph, done, outputsOf }: Finished): [StageId, LockEntry][] {
  return graph.stages.flatMap(({ id, cache }): [StageId, LockEntry][] => {
    const key = done.get(id)?.key ?? undefined;
    const out = outputsOf(id);
    return cache && key !== undefined && out !== undefined ? [[id, { key, out }]] : [];
  });
}

/** The same work gave other bytes than the file named: people should know before they commit it. */
function otherOutputs(lock: LockFile, faults: readonly LockFault[]): Diagnostic[] {
  const stages = faults.flatMap(({ stage, fault }) => (fault === 'other-output' ? [stage] : []));
  if (stages.length === 0) return [];
  const message = `${stages.join(', ')} gave other bytes than ${basename(lock.path)} named, which were not to be had; it names the new ones now.`;
  return [{ code: 'lock-differs', severity: 'warning', message }];
}
