/** @file The checked and expanded pipeline: what the planner accepts. Plain data, so that it can be stored and read back. */
import type { Place } from '../../base/diagnostic.ts';
import type { Digest, StageId } from '../../base/ids.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import type { ArtifactType } from '../../stages/protocol/manifest.ts';

/** Where an input's bytes come from. `subpath` is a member of a folder artifact, keyed by that member's own digest. */
export type Source =
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly shown: string;
      /** Of a folder: paths in it that stages write, left out. */
      readonly without?: readonly string[];
    }
  | { readonly kind: 'output'; readonly stage: StageId; readonly output: string; readonly subpath?: string };

/** `many` keeps its final order: groups and maps by label (code points), lists as written. */
export type Binding =
  | { readonly arity: 'one'; readonly source: Source }
  | {
      readonly arity: 'many';
      readonly form: 'map' | 'list' | 'group';
      readonly items: readonly (readonly [label: string, source: Source])[];
    };

export interface Output {
  readonly type: ArtifactType;
  /** File name shown to people. */
  readonly name?: string;
  /** Its bytes go when the last stage that reads it is done. Never part of the key. */
  readonly temp?: true;
}

/** Words of a command: text and placeholders, `in.x`, `out.x`, `with.x`. Each placeholder becomes exactly one word. */
export type CommandPart = string | { readonly ref: 'in' | 'out' | 'with'; readonly name: string };
export type Command =
  | { readonly form: 'argv'; readonly words: readonly (readonly CommandPart[])[] }
  | { readonly form: 'shell'; readonly shell: readonly string[]; readonly parts: readonly CommandPart[] };

/** What each node must have; `time` and `nodes` are the whole stage's. */
export interface Resources {
  /** 0 when not asked for: a command then takes one core, a kind that computes takes all. */
  readonly cpus: number;
  readonly gpus: number;
  /** At least 1. */
  readonly nodes: number;
  /** Bytes; 0 when not asked for. */
  readonly memory: number;
  /** Bytes that each GPU must have; 0 when not asked for. */
  readonly gpuMemory: number;
  /** Part of a GPU's name, in whatever case; absent when any will do. */
  readonly gpuType?: string | undefined;
  /** Seconds; 0 when unlimited. */
  readonly time: number;
}

/** Of a stage that asks for nothing. */
export const NO_RESOURCES: Resources = { cpus: 0, gpus: 0, nodes: 1, memory: 0, gpuMemory: 0, time: 0 };

/**
 * Why an attempt failed, as far as trying again may help. The first three are the place's doing where the executor says so:
 * unless `on` leaves them out, such an attempt is tried again without being counted.
 */
export const RETRY_CAUSES = ['preempted', 'node-lost', 'launch-failed', 'oom', 'timeout', 'error'] as const;
export type RetryCause = (typeof RETRY_CAUSES)[number];

/** What happens after a failed attempt. */
export interface Retries {
  /** Further attempts after the first, those after `preempted`, `node-lost` and `launch-failed` not counted. */
  readonly max: number;
  /** All causes, and exit codes as numbers, that are worth another attempt. */
  readonly on: readonly (RetryCause | number)[];
  /** Factors: of memory after each `oom`, of time after each `timeout`. */
  readonly grow: { readonly memory: number; readonly time: number };
  /** Seconds before the first of them. */
  readonly wait: number;
  /** Factor of the wait from one to the next. */
  readonly backoff: number;
}

/** Facts of a machine that enter a key on request. */
export const HARDWARE_FACTS = ['cpu_model', 'arch', 'platform'] as const;
export type HardwareFact = (typeof HARDWARE_FACTS)[number];

/** In the order in which they are looked for. */
export const CONTAINER_RUNTIMES = ['podman', 'docker', 'apptainer'] as const;
export type ContainerRuntime = (typeof CONTAINER_RUNTIMES)[number];

/** The image that a command runs in. Its digest is part of the key, all else is not. */
export interface Container {
  /** As it is written, with its digest. */
  readonly image: string;
  readonly digest: Digest;
  /** Absent: as the profile says, or the first that the machine has. */
  readonly runtime?: ContainerRuntime;
  /** Further words of its `run`. */
  readonly options: readonly string[];
  /** The network of the machine; without it none. */
  readonly network: boolean;
}

/** Where a stage runs that works on the project's own files, as DVC's stages do: its outputs are paths there. */
export interface Workspace {
  /** The stage's folder from the pipeline's: part of the key. */
  readonly from: string;
  /** By the name of the output, which is its path from the pipeline's folder. */
  readonly outs: { readonly [name: string]: WorkspaceOut };
  /** Never runs: what stands at its outputs is its result. */
  readonly frozen: boolean;
  /** False: a result that is not in place any more is not put back from the cache, but made again. */
  readonly restorable: boolean;
}

export interface WorkspaceOut {
  readonly path: string;
  /** False: only its digest is kept, not its bytes. */
  readonly kept: boolean;
  /** The command finds what stood there before. */
  readonly persist: boolean;
}

/** One instance of a pipeline that is a stage. */
export interface Within {
  readonly name: string;
  readonly axes: JsonObject;
}

export interface Stage {
  /** `rrhf[seed=1]`; of a pipeline that is a stage: `beaver[round=2]/rrhf[seed=1]` */
  readonly id: StageId;
  /** `rrhf`, `beaver/rrhf` */
  readonly name: string;
  /** Pipelines around it, outermost first; undefined at the top. Their axes never enter a key. */
  readonly within?: readonly Within[];
  readonly axes: JsonObject;
  /** `rrhf`, or `command` for a `run:` stage. */
  readonly kind: string;
  /** After defaults and interpolation. */
  readonly with: JsonObject;
  readonly in: { readonly [name: string]: Binding };
  readonly out: { readonly [name: string]: Output };
  readonly command?: Command;
  /** Hashed. */
  readonly env: { readonly [name: string]: string };
  /** Passed, never hashed, stored or shown: names only. */
  readonly passEnv: readonly string[];
  readonly resources: Resources;
  readonly retries: Retries;
  /** How many of the pipeline's named tokens it holds while it runs. */
  readonly limits: { readonly [name: string]: number };
  /** Facts of the machine that are part of its key. */
  readonly hardware: readonly HardwareFact[];
  /** Commands only. */
  readonly container?: Container;
  /** False: always runs, never stored as a result. */
  readonly cache: boolean;
  readonly desc?: string;
  readonly workspace?: Workspace;
  readonly place: Place;
  /** Where it runs; undefined: in the graph's folder. */
  readonly folder?: string;
}

/** A stage that its `when:` leaves out, or that cannot be without one that is. */
export interface LeftOut {
  readonly id: StageId;
  readonly name: string;
  readonly kind: string;
  readonly reason: string;
  /** Inputs that go on without it, as `evaluate.models`. */
  readonly missedBy: readonly string[];
}

/** Valid, expanded, acyclic; `stages` is in a topological order that keeps the file's order where it can. */
export interface Graph {
  readonly name: string;
  /** Absolute path of the pipeline file and of its folder, where its commands run. */
  readonly file: string;
  readonly folder: string;
  readonly with: { readonly [name: string]: Json };
  /** Named tokens that stages share. */
  readonly limits: { readonly [name: string]: number };
  readonly stages: readonly Stage[];
  /** Not among `stages`. */
  readonly leftOut: readonly LeftOut[];
  readonly out: { readonly [name: string]: Binding };
}
