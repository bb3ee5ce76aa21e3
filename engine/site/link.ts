/**
 * @file A link to another machine: requests and answers over one `ssh` process, many at a time. A cut is no failure: the
 * process is started again, and what was not answered is asked again, since every request may be.
 */
import type { Result } from '../../base/result.ts';
import type { ExecutorFault } from '../executors/contract.ts';
import type { Answer, Ask, Op } from './requests.ts';

/** What the other side said when it was reached. */
export interface Welcome {
  /** Absolute. */
  readonly root: string;
  readonly node: string;
  /** `v20.19.0` */
  readonly version: string;
  /** Seconds that the clock there is ahead at least; 0 if it may be right. */
  readonly skew: number;
  /** What does not keep it from working: `clock-skew`. */
  readonly warnings: readonly ExecutorFault[];
}

export interface CallOptions {
  /** What goes with the request. */
  readonly bytes?: Uint8Array | undefined;
  /** Milliseconds without a connection after which the call is given up: a fault that passes. */
  readonly patience?: number | undefined;
  /** Most bytes that are expected with the answer: calls share the memory for what is on its way. */
  readonly most?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type Reply<O extends Op> = Answer<O> & { readonly bytes: Buffer };

export interface Link {
  /** As the profile names it. */
  readonly host: string;
  /** Connects, if that was not done yet. */
  open(options?: Pick<CallOptions, 'patience' | 'signal'>): Promise<Result<Welcome, ExecutorFault>>;
  call<O extends Op>(op: O, ask: Ask<O>, options?: CallOptions): Promise<Result<Reply<O>, ExecutorFault>>;
  /** Ends the `ssh` process. Calls that wait fail. What was started there goes on. */
  close(): void;
}
