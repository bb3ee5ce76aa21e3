/** @file What a run answers: `warren/run/1`, the document of `run --json`. */
import type { Key, RunId, StageId } from '../../base/ids.ts';
import type { Action, Because, StageFailure } from '../event.ts';
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
}

/** `refused`: `--frozen`, and something would or may run, or the lock file does not name the results. */
export type Outcome = 'done' | 'failed' | 'refused' | 'interrupted';

export interface RunResult {
  readonly schema: 'warren/run/1';
  /** Null when the run was refused: nothing was recorded. */
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
