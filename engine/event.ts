/** @file The one event union: whatever a user can see is an event first; reporters render, the journal stores them as JSON lines. */

import type { Diagnostic } from '../base/diagnostic.ts';
import type { Digest, Key, RunId, StageId } from '../base/ids.ts';
import type { JsonObject } from '../base/json.ts';
import type { RetryCause } from './pipeline/graph.ts';

/** How a stage's result came to be (design section 8). */
export type Action = 'ran' | 'restored' | 'fresh' | 'failed' | 'skipped' | 'cancelled';

/** What the plan expects of a stage. `maybe`: something upstream runs and may give equal bytes. `skip`: its `when:`. */
export type PlanLabel = 'fresh' | 'restore' | 'run' | 'maybe' | 'skip';

/** One reason why a stage has no result yet, most specific first. */
export type Because =
  | { readonly kind: 'new' }
  | { readonly kind: 'forced' }
  /** `detail`: why it runs every time, where that is not `cache: false`. */
  | { readonly kind: 'uncached'; readonly detail?: string }
  /** The last attempt at it failed. */
  | { readonly kind: 'failed' }
  | { readonly kind: 'lost'; readonly detail: string }
  /** A temporary output that was taken away is needed again. */
  | { readonly kind: 'temp'; readonly output: string }
  | { readonly kind: 'param'; readonly name: string; readonly before: string; readonly after: string }
  | { readonly kind: 'input'; readonly name: string; readonly detail: string }
  | { readonly kind: 'upstream'; readonly stage: StageId; readonly output: string }
  | { readonly kind: 'code'; readonly detail: string }
  /** Of a plan: another stage does the same work, and one of them runs. */
  | { readonly kind: 'twin'; readonly stage: StageId }
  | { readonly kind: 'other'; readonly field: string };

interface Base {
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** The run starts: everything needed to read the rest of the journal. */
interface RunStarted extends Base {
  readonly type: 'run-started';
  readonly run: RunId;
  readonly pipeline: string;
  readonly file: string;
  readonly targets: readonly StageId[];
  readonly stages: readonly { readonly id: StageId; readonly kind: string; readonly label: PlanLabel }[];
  readonly overrides: JsonObject;
  /** The pipeline's files by their absolute paths, as they were loaded: a plan is old once one of them differs. */
  readonly files?: { readonly [path: string]: Digest } | undefined;
}
/** A stage waits for another process that is making the same key, for named tokens of the pipeline, or for an executor. */
interface StageWaiting extends Base {
  readonly type: 'stage-waiting';
  readonly stage: StageId;
  readonly reason: 'lock' | 'resources' | 'limit' | 'executor';
  readonly detail: string;
}
interface StageStarted extends Base {
  readonly type: 'stage-started';
  readonly stage: StageId;
  readonly key: Key;
  readonly attempt: number;
  readonly because: readonly Because[];
}
/** Where an attempt is: it waits there, or runs. */
interface StagePlaced extends Base {
  readonly type: 'stage-placed';
  readonly stage: StageId;
  /** The name of the profile; `local` where there is none. */
  readonly profile: string;
  readonly state: 'queued' | 'running';
  /** Its id there, once it has one: a number of Slurm, or of a process. */
  readonly job?: string | undefined;
  /** The host or nodes, once that is known. */
  readonly host?: string | undefined;
  readonly gpus?: readonly string[] | undefined;
  /** Since when it waits or runs, where that was before `at`: milliseconds since the epoch. */
  readonly since?: number | undefined;
  /** Of `queued`: the scheduler's own reason. Of both: why nobody could be asked. */
  readonly why?: string | undefined;
  /** An earlier run submitted it. */
  readonly adopted?: true | undefined;
}
/** An attempt failed, and another follows. */
interface StageRetrying extends Base {
  readonly type: 'stage-retrying';
  readonly stage: StageId;
  /** The one that follows, from 1, and how many there may be. */
  readonly retry: number;
  readonly of: number;
  readonly cause: RetryCause;
  readonly failure: StageFailure;
  /** Seconds until it may start. */
  readonly wait: number;
  /** What it asks for, bytes and seconds, where that is more than before. */
  readonly memory?: number | undefined;
  readonly time?: number | undefined;
}
interface StageProgress extends Base {
  readonly type: 'stage-progress';
  readonly stage: StageId;
  readonly step: number;
  readonly total: number;
  readonly unit: string;
  readonly metrics: { readonly [name: string]: number };
}
/** A point of a curve. */
interface StageMetric extends Base {
  readonly type: 'stage-metric';
  readonly stage: StageId;
  readonly name: string;
  readonly value: number;
  readonly step: number;
}
/** Text from a stage's stdout or stderr, one line without its end. */
interface StageOutput extends Base {
  readonly type: 'stage-output';
  readonly stage: StageId;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}
/** A count or remark that a person must see. */
interface StageNote extends Base {
  readonly type: 'stage-note';
  readonly stage: StageId;
  readonly text: string;
}
/** A short table to show in full at the end. */
interface StageReport extends Base {
  readonly type: 'stage-report';
  readonly stage: StageId;
  readonly markdown: string;
}
interface StageDone extends Base {
  readonly type: 'stage-done';
  readonly stage: StageId;
  readonly action: Action;
  readonly key: Key | null;
  readonly seconds: number;
  readonly because: readonly Because[];
  readonly outputs: { readonly [name: string]: Digest };
  /** The run that made a restored or fresh result. */
  readonly from?: RunId | undefined;
  /** That result was made under another key, and accepted as the same on purpose. */
  readonly accepted?: true | undefined;
  /** Set when `action` is failed; `code` is stable. */
  readonly failure?: StageFailure | undefined;
  /** For skipped and cancelled: why. */
  readonly reason?: string | undefined;
  /** Of `seconds`, how many the last attempt waited in a queue of its executor. */
  readonly queued?: number | undefined;
  /** Attempts after the first, if there were any. */
  readonly retries?: number | undefined;
  /** Set for a result that the next run will not find: an input changed meanwhile, or the cache could not be written. */
  readonly unstored?: true | undefined;
}
/** Something went wrong around a stage without failing it: a cache that could not be written, an input that changed. */
interface Warning extends Base {
  readonly type: 'warning';
  readonly diagnostic: Diagnostic;
  readonly stage?: StageId | undefined;
}
/** A result of the pipeline's `out` was placed for people. */
interface OutputPlaced extends Base {
  readonly type: 'output-placed';
  readonly name: string;
  readonly path: string;
  readonly digest: Digest;
}
/** Objects on their way from or to a remote: how far, and once more at the end. */
interface Transfer extends Base {
  readonly type: 'transfer';
  readonly direction: 'pull' | 'push';
  readonly remote: string;
  readonly objects: number;
  readonly of: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly done: boolean;
}
interface RunDone extends Base {
  readonly type: 'run-done';
  readonly outcome: 'done' | 'failed' | 'interrupted';
  readonly seconds: number;
}

export interface StageFailure {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  /** A path that can be looked at. */
  readonly file?: string | undefined;
  readonly row?: number | undefined;
  /** The output of another stage that `file` holds: `data.train`, `sft.model/config.json`. */
  readonly input?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  /** The command of an executor that failed, and what it printed. */
  readonly command?: string | undefined;
  readonly output?: string | undefined;
  /** Path of the full log, relative to the project. */
  readonly log?: string | undefined;
}

export type Event =
  | RunStarted
  | StageWaiting
  | StageStarted
  | StagePlaced
  | StageRetrying
  | StageProgress
  | StageMetric
  | StageOutput
  | StageNote
  | StageReport
  | StageDone
  | Warning
  | OutputPlaced
  | Transfer
  | RunDone;

export type EventType = Event['type'];
export type EventOf<T extends EventType> = Extract<Event, { type: T }>;
/** Where events go: the journal, a reporter, a test. */
export type Emit = (event: Event) => void;
