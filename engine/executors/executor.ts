/** @file What a task is as a process, and how one ends. */

export interface Launch {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  /** The whole environment of the process: nothing is inherited. */
  readonly env: { readonly [name: string]: string };
  /** Kept open for as long as whoever started it lives, so that its end tells the process of it. */
  readonly stdin: 'none' | 'open';
}

/** What a process gives while it lives. */
export interface Sinks {
  output(stream: 'stdout' | 'stderr', chunk: string): void;
  /** From file descriptor 3. */
  events(chunk: string): void;
}

/** What the executor knows of an end beyond its code. */
export type ExitCause =
  | 'oom'
  | 'timeout'
  | 'preempted'
  | 'cancelled'
  | 'node-lost'
  | 'launch-failed'
  | 'disk-full';

export type Exit =
  | { readonly kind: 'exited'; readonly code: number; readonly cause?: ExitCause | undefined }
  | { readonly kind: 'signalled'; readonly signal: string; readonly cause?: ExitCause | undefined }
  /** It ended and left no record of its own: a host that died, a job that was removed. */
  | { readonly kind: 'vanished'; readonly cause: ExitCause; readonly evidence: string }
  | { readonly kind: 'not-started'; readonly code: string; readonly message: string };
