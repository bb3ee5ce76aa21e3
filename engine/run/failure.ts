/** @file How a process's end becomes a failure, most specific cause first. */
import type { Failure } from '../../stages/protocol/failure.ts';
import type { StageFailure } from '../event.ts';
import type { Exit, ExitCause } from '../executors/executor.ts';
import { saysOutOfMemory } from './out-of-memory.ts';
import { type FailureCause, FREE_CAUSES } from './retry.ts';

export interface Ending {
  readonly exit: Exit;
  /** What the stage said of itself. */
  readonly said: Failure | undefined;
  /** The limit that was passed here, in seconds. */
  readonly timedOut: number | undefined;
  /** The limit that it had; 0: none. */
  readonly time: number;
  /** Memory ran out while it ended, as its own words or the kernel say. */
  readonly outOfMemory: { readonly printed: boolean; readonly killed: boolean };
  readonly program: string;
  /** Path of the log relative to the project, if anything was printed. */
  readonly log: string | undefined;
}

export interface Failed {
  readonly failure: StageFailure;
  readonly cause: FailureCause;
  /** The place's doing, not the stage's, as its executor says. */
  readonly byPlace?: boolean | undefined;
}

/** Of sysexits.h: trying again may help. Schedulers use it for what they took the machine from. */
const EX_TEMPFAIL = 75;
/** 128 and the number of the signal: what a shell says of a program that a signal ended. */
const BY_SIGTERM = 143;
const BY_SIGKILL = 137;
const BY_SIGABRT = 134;

/** Undefined for success. */
export function failureOf(ending: Ending): Failed | undefined {
  const { exit, said, timedOut, program, log } = ending;
  if (timedOut !== undefined) return { failure: { ...tooLong(timedOut), log }, cause: 'timeout' };
  if (exit.kind === 'not-started') {
    return { failure: { ...notStarted(exit.code, exit.message, program), log }, cause: 'invalid' };
  }
  if (exit.kind === 'exited' && exit.code === 0 && said === undefined && endsWell(exit.cause))
    return undefined;
  if (exit.kind === 'vanished') {
    const { cause, evidence } = exit;
    return { failure: { ...known(cause, ending.time, evidence), log }, ...blame(cause) };
  }
  const end = exit.kind === 'exited' ? { exitCode: exit.code } : { signal: exit.signal };
  if (exit.cause !== undefined && (said === undefined || exit.cause !== 'oom')) {
    return { failure: { ...known(exit.cause, ending.time), ...end, log }, ...blame(exit.cause) };
  }
  const cause = causeOf(ending, exit);
  if (said !== undefined) return { failure: { ...said, ...end, log }, cause };
  if (cause === 'oom') {
    return { failure: { ...OUT_OF_MEMORY, ...end, log }, cause };
  }
  if (exit.kind === 'exited') {
    const message = `It exited with code ${exit.code}.`;
    return { failure: { code: 'exit-non-zero', message, exitCode: exit.code, log }, cause };
  }
  const hint = exit.signal === 'SIGKILL' ? 'the system kills like this when memory runs out' : undefined;
  const message = `It was ended by ${exit.signal}.`;
  return { failure: { code: 'killed', message, hint, signal: exit.signal, log }, cause };
}

/** In spite of the signal; but a script may end well after a step in it was killed. */
function endsWell(cause: ExitCause | undefined): boolean {
  return cause === undefined || cause === 'cancelled' || cause === 'preempted';
}

const OUT_OF_MEMORY: StageFailure = {
  code: 'out-of-memory',
  message: 'It ended because memory ran out.',
  hint: 'give it less to do at a time, or a machine with more memory',
};

/** Signals here are never ours: a time limit and an interruption were asked about before. */
function causeOf(
  { said, outOfMemory }: Ending,
  exit: Extract<Exit, { kind: 'exited' | 'signalled' }>,
): FailureCause {
  const ended = (code: number, signal: string): boolean =>
    exit.kind === 'exited' ? exit.code === code : exit.signal === signal;
  if (
    exit.cause === 'oom' ||
    said?.code === 'out-of-memory' ||
    (said !== undefined && saysOutOfMemory(said.message))
  )
    return 'oom';
  if (ended(BY_SIGKILL, 'SIGKILL') && outOfMemory.killed) return 'oom';
  if (ended(BY_SIGTERM, 'SIGTERM') || ended(EX_TEMPFAIL, '')) return 'preempted';
  // What a stage reports is what it expected: bad rows stay bad. A bug in a kind is reported too.
  if (said !== undefined && said.code !== 'internal-error') return 'invalid';
  const gaveUp = ended(BY_SIGABRT, 'SIGABRT') || (exit.kind === 'exited' && exit.code === 1);
  return gaveUp && outOfMemory.printed ? 'oom' : 'error';
}

/** Whoever cancelled it from outside meant it. */
const CAUSES: { readonly [C in ExitCause]: FailureCause } = {
  oom: 'oom',
  timeout: 'timeout',
  preempted: 'preempted',
  cancelled: 'invalid',
  'node-lost': 'node-lost',
  'launch-failed': 'launch-failed',
  'disk-full': 'error',
};

function blame(cause: ExitCause): Pick<Failed, 'cause' | 'byPlace'> {
  return { cause: CAUSES[cause], byPlace: FREE_CAUSES.has(CAUSES[cause]) };
}

/** What an executor says of an end; `evidence`: of one without a record. */
function known(cause: ExitCause, time: number, evidence?: string): StageFailure {
  const why = evidence === undefined ? '.' : `: ${evidence}.`;
  switch (cause) {
    case 'oom':
      return OUT_OF_MEMORY;
    case 'timeout':
      return tooLong(time);
    case 'preempted':
      return { code: 'preempted', message: `The scheduler took its place away${why}` };
    case 'cancelled':
      return { code: 'cancelled-there', message: `Somebody cancelled it on its executor${why}` };
    case 'node-lost':
      return { code: 'node-lost', message: `The machine that it ran on is gone, or lost it${why}` };
    case 'launch-failed':
      return { code: 'launch-failed', message: `Its executor could not start it${why}` };
    case 'disk-full': {
      const hint = 'free some space there; what it printed may be cut short';
      return { code: 'disk-full', message: 'The disk that it writes to is full.', hint };
    }
  }
}

/** An attempt that nobody knows of, and that left no record. */
export function lostAttempt(evidence: string): Failed {
  return { failure: known('node-lost', 0, evidence), ...blame('node-lost') };
}

function tooLong(time: number): StageFailure {
  const message =
    time > 0 ? `It ran longer than its ${time} s.` : 'It ran longer than its executor lets anything run.';
  return { code: 'timeout', message, hint: 'raise resources.time' };
}

function notStarted(code: string, message: string, program: string): StageFailure {
  switch (code) {
    case 'ENOENT':
      return {
        code: 'command-not-found',
        message: `${JSON.stringify(program)} was not found.`,
        hint: 'a stage sees PATH, and runs in the folder of the pipeline file',
      };
    case 'EACCES':
      return { code: 'command-not-executable', message: `${JSON.stringify(program)} may not be executed.` };
    case 'E2BIG':
      return {
        code: 'command-too-long',
        message: 'The command and its environment are longer than the system allows.',
        hint: 'read parameters from the file that WARREN_PARAMS names',
      };
    default:
      return { code: 'not-started', message: `The command could not be started: ${message}.` };
  }
}
