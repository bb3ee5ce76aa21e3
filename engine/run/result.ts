/** @file What a run answers: `warren/run/1`, the document of `run --json`. */
import type { Key, RunId, StageId } from '../../base/ids.ts';
import type { Action, Because, EventOf, StageFailure } from '../event.ts';
import type { LockFault } from '../lock/outdated.ts';

export interface StageResult {
  readonly id: StageId;
  readonly kind: string;
  readonly action: Action;
  readonly key: Key | null;
  readonly seconds: number;
  readonly because: readonly Because[];
  readonly failure?: StageFailure | undefined;
  /** Attempts after the first, if there were any. */
  readonly retries?: number | undefined;
  /** Of `seconds`, how many the last attempt waited in a queue of its executor. */
  readonly queued?: number | undefined;
  /** For skipped and cancelled: why. */
  readonly reason?: string | undefined;
}

/** A stage that its `when:` leaves out. */
export type SkippedStage = Pick<StageResult, 'id' | 'kind' | 'reason'>;

export function skippedResult({ id, kind, reason }: SkippedStage): StageResult {
  return { id, kind, action: 'skipped', key: null, seconds: 0, because: [], reason };
}

export function skippedEvents(stages: readonly SkippedStage[]): EventOf<'stage-done'>[] {
  const facts = { action: 'skipped', key: null, seconds: 0, because: [], outputs: {} } as const;
  return stages.map(({ id, reason }) => {
    return { type: 'stage-done', at: Date.now(), stage: id, ...facts, reason };
  });
}

/** `refused`: `--frozen`, and something would or may run, or the lock file does not name the results. */
export type Outcome = 'done' | 'failed' | 'refused' | 'interrupted';

export interface RunResult {
  readonly schema: 'warren/run/1';
  /** Null when the run was refused or never began: nothing was recorded. */
  readonly run: RunId | null;
  readonly outcome: Outcome;
  readonly stages: readonly StageResult[];
  /** Absolute paths of the pipeline's `out`, by name. */
  readonly out: { readonly [name: string]: string };
  /** Of a refused run: where the lock file is outdated. */
  readonly lock?: readonly LockFault[] | undefined;
}

export const EXIT_CODES: { readonly [O in Outcome]: number } = {
  done: 0,
  failed: 1,
  refused: 3,
  interrupted: 130,
};
