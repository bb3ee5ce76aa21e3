/** @file How a process's end becomes a failure, most specific cause first. */
import type { Failure } from '../../stages/protocol/failure.ts';
import type { StageFailure } from '../event.ts';
import type { Exit } from '../executors/executor.ts';

export interface Ending {
  readonly exit: Exit;
  /** What the stage said of itself. */
  readonly said: Failure | undefined;
  /** The limit that was passed, in seconds. */
  readonly timedOut: number | undefined;
  readonly program: string;
  /** Path of the log relative to the project, if anything was printed. */
  readonly log: string | undefined;
}

/** Undefined for success. */
export function failureOf({ exit, said, timedOut, program, log }: Ending): StageFailure | undefined {
  if (timedOut !== undefined) {
    return {
      code: 'timeout',
      message: `It ran longer than its ${timedOut} s.`,
      hint: 'raise resources.time',
      log,
    };
  }
  if (exit.kind === 'not-started') return { ...notStarted(exit.code, exit.message, program), log };
  const end = exit.kind === 'exited' ? { exitCode: exit.code } : { signal: exit.signal };
  if (said !== undefined) return { ...said, ...end, log };
  if (exit.kind === 'exited') {
    if (exit.code === 0) return undefined;
    return { code: 'exit-non-zero', message: `It exited with code ${exit.code}.`, exitCode: exit.code, log };
  }
  const hint = exit.signal === 'SIGKILL' ? 'the system kills like this when memory runs out' : undefined;
  return { code: 'killed', message: `It was ended by ${exit.signal}.`, hint, signal: exit.signal, log };
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
