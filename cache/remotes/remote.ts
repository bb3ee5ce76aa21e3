/** @file What a remote is: a cache elsewhere, by the paths of `cache/layout.ts`. Nothing that comes from one is trusted. */
import type { Result } from '../../base/result.ts';

/** Where a remote is, as the project's settings say. */
export type RemotePlace =
  | { readonly kind: 'folder'; readonly path: string }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      /** Without slashes at its ends; may be empty. */
      readonly prefix: string;
      readonly endpoint?: string | undefined;
      readonly region?: string | undefined;
    };

export interface RemoteFault {
  readonly code:
    | 'remote-unreachable'
    | 'remote-no-credentials'
    | 'remote-denied'
    | 'remote-redirect'
    | 'remote-answer'
    | 'remote-missing'
    | 'remote-truncated'
    | 'remote-no-length'
    | 'remote-too-large'
    | 'remote-wrong-bytes'
    | 'remote-wrong-record'
    | 'remote-wrong-tree'
    | 'remote-write'
    | 'cache-write'
    | 'cache-corrupt';
  /** A sentence. */
  readonly message: string;
  readonly hint?: string | undefined;
}

export type Remotely<T> = Promise<Result<T, RemoteFault>>;

/** Bytes on their way. `chunks` throws a `BrokenOff` when the way ends early. */
export interface Opened {
  /** Of the whole thing, as the remote declares it. */
  readonly size: number;
  /** Where the bytes begin: 0 if the remote cannot begin in the middle. */
  readonly from: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface Remote {
  /** For people; holds no credentials. */
  readonly shown: string;
  /** Requests that may be on their way at a time; default 16. */
  readonly atOnce?: number | undefined;
  /** Undefined: nothing is there. */
  size(path: string): Remotely<number | undefined>;
  open(path: string, from: number): Remotely<Opened | undefined>;
  /** False: something was there, and stays. */
  putText(path: string, text: string, replace: boolean): Remotely<boolean>;
  /** Sends a file whose digest its caller vouches for; what has its name is replaced. `sent` hears of every stretch that is safe on the other side. */
  putFile(path: string, file: string, sent: (bytes: number) => void): Remotely<boolean>;
}

/** The way ended before the bytes did. */
export class BrokenOff extends Error {}
