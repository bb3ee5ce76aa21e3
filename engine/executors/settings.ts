/**
 * @file What `warren.yaml` says of an executor, checked and with absolute paths. Plain JSON: it is stored beside an attempt,
 * so that any later run can ask the executor that has it, whatever profile that run uses.
 */
import type { ContainerRuntime } from '../pipeline/graph.ts';

/** Of executors whose jobs run on machines, rather than in containers already. */
interface OnMachines {
  /** What stages with `container:` are run by; default: the first that the machine has. */
  readonly container?: ContainerRuntime | undefined;
}

export interface LocalSettings extends OnMachines {
  readonly executor: 'local';
  /** Default: all of the machine. */
  readonly cpus?: number | undefined;
  /** Bytes. */
  readonly memory?: number | undefined;
  /** Which GPUs may be leased: all that are found, none, or these UUIDs or indices. */
  readonly gpus?: 'all' | 'none' | readonly string[] | undefined;
  /** Hold stages to their `resources.memory`. */
  readonly cap_memory?: boolean | undefined;
}

/** How a host is reached and what is used of it. */
export interface HostSettings {
  /** As `ssh` takes it: a name of the ssh configuration, or `user@host`. */
  readonly host: string;
  readonly cpus?: number | undefined;
  readonly memory?: number | undefined;
  readonly gpus?: 'all' | 'none' | readonly string[] | undefined;
}

export interface SshSettings extends OnMachines {
  readonly executor: 'ssh';
  readonly hosts: readonly HostSettings[];
  /** An ssh configuration file. */
  readonly config?: string | undefined;
  /** Folder on the hosts for objects, programs and attempts; default `~/.cache/warren`. */
  readonly root?: string | undefined;
  /** Node.js on the hosts; default `node` of their PATH. */
  readonly node?: string | undefined;
}

export interface SlurmSettings extends OnMachines {
  readonly executor: 'slurm';
  /** A login node to submit from over SSH; its files are shared with the nodes. Default: this machine, with files shared. */
  readonly via?: HostSettings | undefined;
  readonly config?: string | undefined;
  readonly root?: string | undefined;
  readonly node?: string | undefined;
  readonly partition?: string | undefined;
  readonly account?: string | undefined;
  readonly qos?: string | undefined;
  /** Further words of `sbatch`. */
  readonly flags?: readonly string[] | undefined;
  /** Bytes that each GPU of a type has, by the type's name in Slurm, which does not know it. */
  readonly gpu_types?: { readonly [type: string]: number } | undefined;
  /** Most attempts in one array; 1: no arrays. */
  readonly array?: number | undefined;
}

/**
 * A word with placeholders (`{name}`); or words that belong together and are left out where the stage does not ask for what a
 * placeholder of theirs gives.
 */
export type TemplateWord = string | readonly string[];

/** Submit, poll and cancel by commands of any scheduler; files are shared. */
export interface CommandSettings extends OnMachines {
  readonly executor: 'command';
  /** Prints the job's id. */
  readonly submit: readonly TemplateWord[];
  /** A regular expression that finds the id in what `submit` prints, as its first group; default: the first word. */
  readonly id?: string | undefined;
  /** Prints a line `ID STATE` for each job that it knows. */
  readonly poll: readonly TemplateWord[];
  /** What words of states mean, beside the usual ones. */
  readonly states?: { readonly [word: string]: CommandState } | undefined;
  readonly cancel: readonly TemplateWord[];
  /** Prints a line `ID NAME` for each job of these names that it knows. */
  readonly find?: readonly TemplateWord[] | undefined;
}

/** What a word of a scheduler's may mean. */
export const COMMAND_STATES = [
  'queued',
  'running',
  'ended',
  'cancelled',
  'timeout',
  'oom',
  'preempted',
  'node-lost',
] as const;
export type CommandState = (typeof COMMAND_STATES)[number];

/** Jobs of a cluster on a volume that its pods and the engine share. */
export interface KubernetesSettings {
  readonly executor: 'kubernetes';
  readonly url: string;
  readonly namespace: string;
  /** Of the stages' containers; it has a shell. */
  readonly image: string;
  /** The claim of the volume, and where it is mounted: in pods as here. */
  readonly claim: string;
  readonly mount: string;
  /** Variable of the engine's environment that holds the token; default: the file of the pod's service account. */
  readonly token_env?: string | undefined;
  /** File of certificates. */
  readonly ca?: string | undefined;
  /** A Secret of the namespace that holds the variables of `pass_env`. */
  readonly secret?: string | undefined;
  /** A queue of Kueue. */
  readonly queue?: string | undefined;
  readonly node_selector?: { readonly [label: string]: string } | undefined;
}

/** Jobs of a Ray cluster whose nodes share files with the engine. */
export interface RaySettings {
  readonly executor: 'ray';
  readonly url: string;
  readonly token_env?: string | undefined;
}

export type ExecutorSettings =
  | LocalSettings
  | SshSettings
  | SlurmSettings
  | CommandSettings
  | KubernetesSettings
  | RaySettings;
