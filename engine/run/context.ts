/** @file What all parts of one run share. */
import type { Digest, RunId } from '../../base/ids.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Lease } from '../../cache/leases.ts';
import type { Locks } from '../../cache/locks.ts';
import type { RemotePlace } from '../../cache/remotes/remote.ts';
import type { Emit } from '../event.ts';
import type { openExecutor } from '../executors/open.ts';
import type { GraphIndex } from '../plan/index.ts';
import type { PlanOptions } from '../plan/plan.ts';
import type { World } from '../plan/world.ts';
import type { Profiles } from '../settings/profiles.ts';
import type { Placements } from './placement.ts';
import type { LoadedRequest } from './request.ts';

export interface RunOptions extends PlanOptions {
  /** Stages at the same time, counted in cores; default: all of the machine. */
  readonly jobs?: number | undefined;
  /** After a failure, go on with what does not need it. */
  readonly keepGoing?: boolean | undefined;
  /** Seconds of work between two checkpoints of a stage; never changes a result. */
  readonly checkpointSeconds?: number | undefined;
  /** Run nothing: answer `refused` if anything would or may run. */
  readonly frozen?: boolean | undefined;
  /** Where records and bytes are looked for that are not here. */
  readonly remote?: RemotePlace | undefined;
  /** Where stages may go; default: this machine alone. */
  readonly profiles?: Profiles | undefined;
  /** The one that the call chose; default: `local`. */
  readonly profile?: string | undefined;
  /** Settings -> an executor; default: all that there are. */
  readonly open?: typeof openExecutor | undefined;
  /** Aborted: start nothing more, ask what runs to end. */
  readonly stop?: AbortSignal | undefined;
  /** Aborted: end what runs. */
  readonly kill?: AbortSignal | undefined;
  /** What the user changed in the file for this run, for the journal. */
  readonly overrides?: JsonObject | undefined;
  /** The pipeline's files as they were loaded, for the journal. */
  readonly files?: { readonly [path: string]: Digest } | undefined;
  /** The call that this run answers, if an equal one may be answered at once when nothing has changed. */
  readonly request?: LoadedRequest | undefined;
}

export interface RunContext {
  readonly run: RunId;
  readonly index: GraphIndex;
  readonly world: World;
  readonly options: RunOptions;
  readonly placements: Placements;
  readonly locks: Locks;
  readonly lease: Lease;
  /** Folders of attempts whose outputs the cache could not take: they serve the run from there until it ends. */
  readonly held: string[];
  readonly emit: Emit;
}
