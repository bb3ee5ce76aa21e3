/**
 * @file Where files are not shared: what an attempt needs is brought to the machine of its job, and what it made is brought
 * back. An executor without `sharedFs` has a `Site` beside it; everything in it may be repeated after a broken connection.
 */
import type { Digest, Key } from '../../base/ids.ts';
import type { Result } from '../../base/result.ts';
import type { Artifact } from '../../cache/artifact.ts';
import type { Output, Resources } from '../pipeline/graph.ts';
import type { Parcel } from '../site/sending.ts';
import type { ExecutorFault } from './contract.ts';

/** An object as it lies here: in the cache, or a file of the user's whose digest was taken before. */
export interface Good extends Parcel {
  /** The user's file: its bytes may no longer be those of the digest. */
  readonly loose?: string | undefined;
}

/** What is laid out for an attempt, in the terms of its key. Plain JSON. */
export interface Layout {
  readonly key: Key;
  readonly attempt: number;
  readonly in: {
    readonly [name: string]: {
      readonly form: 'one' | 'map' | 'list' | 'group';
      readonly items: readonly {
        readonly label: string;
        readonly artifact: Artifact;
        readonly suffix: string;
      }[];
    };
  };
  readonly out: { readonly [name: string]: Output };
  /** False: what earlier attempts of the key left in `state/` goes. */
  readonly keepState: boolean;
  /** Inputs as copies that no other stage sees. */
  readonly apart: boolean;
}

export interface Order {
  /** Of the submission. */
  readonly name: string;
  readonly layout: Layout;
  readonly resources: Resources;
  readonly goods: readonly Good[];
  /** What is started by this program's own modules; a command needs nothing of it. */
  readonly kind: string | undefined;
  /** It takes all cores of a host where it asks for no number. */
  readonly computes: boolean;
  /** For people: the stage. */
  readonly label: string;
  /** Where the state of earlier attempts lies: only there can it be continued. */
  readonly host: string | undefined;
  /** Where the attempt before was lost: rather somewhere else. */
  readonly avoid: string | undefined;
}

/** Where an attempt lies. Plain JSON: it is written beside the attempt here, for whichever run comes next. */
export interface Berth {
  /** As the profile names it. */
  readonly host: string;
  /** The attempt's folder there. */
  readonly folder: string;
}

/** How a process is started on a host. */
export interface Premises {
  readonly node: string;
  /** The folder that the program's own files lie in there; empty for a command. */
  readonly program: string;
  /** PATH, HOME and USER there. */
  readonly own: { readonly [name: string]: string };
}

/** An attempt laid out: everything that a launch is made of. */
export interface Laid extends Berth {
  readonly premises: Premises;
  readonly inputs: {
    readonly [name: string]: {
      readonly path: string;
      readonly many: readonly (readonly [label: string, path: string])[] | undefined;
    };
  };
  readonly outputs: { readonly [name: string]: string };
  readonly state: string;
}

export type PrepareFault =
  | { readonly kind: 'fault'; readonly fault: ExecutorFault }
  /** A file of the user's is no longer what was hashed. */
  | { readonly kind: 'changed'; readonly file: string }
  /** An object of our cache is gone or was corrupt. */
  | { readonly kind: 'lost'; readonly digest: Digest }
  | { readonly kind: 'stopped' };

/** What the host found when the job had ended. */
export type Brought =
  | { readonly kind: 'outputs'; readonly artifacts: { readonly [name: string]: Artifact } }
  /** An output is not what the stage declares. */
  | {
      readonly kind: 'refused';
      readonly code: string;
      readonly message: string;
      readonly hint?: string | undefined;
    };

/** An input that the stage wrote to. */
export interface SpoiledThere {
  /** Below the attempt's folder: `in/rows.jsonl`. */
  readonly path: string;
  readonly digest: Digest;
  readonly form: 'file' | 'exec';
  /** False: another stage may have been the one. */
  readonly sure: boolean;
}

export interface Site {
  /**
   * Chooses a host, waits for room on it, brings what it lacks and lays the attempt out. `waits` hears why it takes long,
   * each time that changes.
   */
  prepare(order: Order, waits: (why: string) => void, stop: AbortSignal): Promise<Result<Laid, PrepareFault>>;
  /** Puts small files into the attempt's folder. */
  write(berth: Berth, files: { readonly [name: string]: string }): Promise<Result<undefined, ExecutorFault>>;
  /** Whether the stage wrote to what it was given. */
  spoiled(berth: Berth): Promise<Result<SpoiledThere | undefined, ExecutorFault>>;
  /** Outputs into the host's store, and from there what is lacking into the cache here, verified. */
  collect(
    berth: Berth,
    out: Layout['out'],
    cache: string,
    stop: AbortSignal,
  ): Promise<Result<Brought, ExecutorFault>>;
  /**
   * The attempt has ended: its room is free. `remove` its files, and the `state/` of its key with them. Answers whether
   * there is something in that; undefined: nobody could be asked.
   */
  leave(berth: Berth, name: string, remove: 'nothing' | 'files' | 'state'): Promise<boolean | undefined>;
  /** An attempt of an earlier run that goes on takes up its room. */
  adopt(berth: Berth, name: string, resources: Resources): void;
}
