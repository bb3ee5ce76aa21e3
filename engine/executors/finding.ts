/** @file What `doctor` says of one thing that is needed or used. */
import type { ExecutorFault } from './contract.ts';

export interface Finding {
  readonly what: string;
  /** False: what needs it cannot run. */
  readonly ok: boolean;
  readonly found: string;
  /** The next step; of what is right, how it could be better. */
  readonly hint?: string | undefined;
  /** The command that failed, and what it printed. */
  readonly command?: string | undefined;
  readonly output?: string | undefined;
}

/** What cannot be used, in the words of its fault. */
export function faultFinding(what: string, { message, hint, command, output }: ExecutorFault): Finding {
  return { what, ok: false, found: message, hint, command, output };
}
