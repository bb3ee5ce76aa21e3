/**
 * @file The contract of executors. The run loop knows these types alone and branches on capabilities, never on names.
 * Submitting is idempotent by name; the wrapper's own records are the truth; "could not ask" is never a result.
 */
import type { StageId } from '../../base/ids.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Result } from '../../base/result.ts';
import type { Resources } from '../pipeline/graph.ts';
import type { Exit, Launch } from './executor.ts';
import type { GpuPool } from './gpus/pool.ts';
import type { Site } from './site.ts';

export interface Capabilities {
  /** Job and engine see the same files under the same paths: attempts are staged and collected in place. */
  readonly sharedFs: boolean;
  /** Attempts go on when the engine ends, in whatever way, and a later run adopts them. */
  readonly survivesEngine: boolean;
  /** One stage on several nodes. */
  readonly gang: boolean;
  /** Many attempts in one submission. */
  readonly arrays: boolean;
  /** What does not fit yet waits there. Otherwise the engine gives out cores, memory and GPUs before it submits. */
  readonly queues: boolean;
}

/** What is expected to go wrong around an executor: a host that does not answer, a partition that does not exist. */
export interface ExecutorFault {
  /** Stable, kebab-case: `host-unreachable`, `no-partition`, `submit-refused`, `no-such-profile`, `remote-disk-full`. */
  readonly code: string;
  /** One sentence. */
  readonly message: string;
  readonly hint?: string | undefined;
  /** The command that failed, and what it printed. */
  readonly command?: string | undefined;
  readonly output?: string | undefined;
  /** Whether the same call may succeed later: then it is tried again and shown as the reason to wait. */
  readonly passing: boolean;
}

export type Verdict =
  | { readonly fits: 'now' }
  | { readonly fits: 'later'; readonly why: string }
  | { readonly fits: 'never'; readonly fault: ExecutorFault };

/** GPUs that the engine leased for an attempt; the open files hold the leases and are handed to the job's process. */
export interface GpuGrant {
  readonly uuids: readonly string[];
  /** Of `CUDA_VISIBLE_DEVICES`. */
  readonly visible: string;
  /** File descriptors with an flock each, for the job to inherit. Whoever leased them closes them, never before its start. */
  readonly files: readonly number[];
}

export interface Submission {
  /** `w-<first 20 digits of the key>-<attempt>-<chance>`: the job's name wherever names are kept, never given twice. */
  readonly name: string;
  readonly stage: StageId;
  readonly kind: string;
  /** The attempt's folder as the job sees it. */
  readonly folder: string;
  /** Where files are not shared: the host that has the folder. */
  readonly host?: string | undefined;
  readonly launch: Launch;
  /** Names in `launch.env` whose values (`pass_env`) are never written to a file of ours. */
  readonly secrets: readonly string[];
  readonly resources: Resources;
  readonly grant?: GpuGrant | undefined;
}

/** Plain JSON: it is written beside the attempt and read by whichever run comes next. */
export interface Handle {
  readonly name: string;
  /** The scheduler's id, `<pid>` of a wrapper, ... */
  readonly id: string;
  readonly folder: string;
  /** Host, array and index, start time of the process: what this executor needs to find it again. */
  readonly extra: JsonObject;
}

export type State =
  /** `why`: the scheduler's own reason. */
  | { readonly kind: 'queued'; readonly why?: string | undefined }
  | {
      readonly kind: 'running';
      /** Milliseconds since the epoch. */
      readonly since?: number | undefined;
      readonly host?: string | undefined;
      readonly gpus?: readonly string[] | undefined;
    }
  /** `seconds`: how long it ran, where that is known. */
  | { readonly kind: 'ended'; readonly exit: Exit; readonly seconds?: number | undefined }
  /** Nobody there knows of it, and it left no exit record in time. */
  | { readonly kind: 'lost'; readonly evidence: string }
  /** Could not ask. Never treated as an end. */
  | { readonly kind: 'unknown'; readonly why: string };

/** Bytes of a job's output after the offsets that were asked for. */
export interface Chunks {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  /** JSON lines of the stage protocol. */
  readonly events: Uint8Array;
}

export interface Offsets {
  readonly stdout: number;
  readonly stderr: number;
  readonly events: number;
}

export interface Executor {
  /** For people: `local`, `ssh gpu1`, `slurm gpu`. */
  readonly shown: string;
  readonly capabilities: Capabilities;
  /** Where files are not shared: brings what an attempt needs there, and its outputs back. */
  readonly site?: Site | undefined;
  /** Where the engine gives out GPUs: those of the executor's machine; undefined where there are none to be had. */
  gpus?(): Promise<GpuPool>;
  /** Whether such a request can be met at all, and now; asked before a run (`plan`) and before a submission. */
  check(resources: Resources): Promise<Verdict>;
  /** One call for attempts that are ready at the same time; an answer for each, in their order. Safe to repeat. */
  submit(submissions: readonly Submission[]): Promise<readonly Result<Handle, ExecutorFault>[]>;
  /**
   * Attempts of these names and folders that are known there, by name: after a crash, or a submission in doubt. Whatever
   * has begun is known, by its records in the folder at least.
   */
  find(
    wanted: readonly Pick<Submission, 'name' | 'folder' | 'host'>[],
  ): Promise<Result<ReadonlyMap<string, Handle>, ExecutorFault>>;
  /** One question for all, answered by name. A handle that is missing in the answer is `unknown`. */
  poll(handles: readonly Handle[]): Promise<ReadonlyMap<string, State>>;
  /** What came after these offsets: after an end, empty means all of it was given. Undefined: could not be asked. */
  logs(handle: Handle, from: Offsets): Promise<Chunks | undefined>;
  /** SIGTERM, the grace in milliseconds, SIGKILL, for the whole group; idempotent. A grace of 0 kills at once. */
  cancel(handles: readonly Handle[], grace: number): Promise<void>;
  /** Calls back when something about a handle may have changed, so that nobody has to wait for the next poll. */
  onChange?(listen: (name: string) => void): void;
  close(): void;
}
