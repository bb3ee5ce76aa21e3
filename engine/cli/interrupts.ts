import { closeSync } from 'node:fs';
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { Emit } from '../event.ts';
import { GRACE } from '../executors/supervision.ts';
import { EXIT } from './exit.ts';

export interface Interrupts {
  /** Aborted by the first signal, with what is said of it: start nothing more, let what runs save its state. */
  readonly stop: AbortSignal;
  /** Aborted by the second: end what runs. The third ends this process. */
  readonly kill: AbortSignal;
  /** Gives the signals back to the system. */
  release(): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Takes the signals that ask a run to end. What that means is said as an event, like all that people see. */
export function watchInterrupts(emit: Emit): Interrupts {
  const stop = new AbortController();
  const kill = new AbortController();
  const say = (message: string, hint: string): Diagnostic => {
    const diagnostic: Diagnostic = { code: 'interrupted', severity: 'warning', message, hint };
    emit({ type: 'warning', at: Date.now(), diagnostic });
    return diagnostic;
  };
  const heard = (): void => {
    if (kill.signal.aborted) process.exit(EXIT.interrupted);
    if (stop.signal.aborted) {
      kill.abort(say('Ending what runs.', 'once more leaves it behind'));
      return;
    }
    const time = `${GRACE / 1000} s`;
    stop.abort(say(`Stopping: what runs has ${time} to save its state.`, 'once more ends it at once'));
  };
  for (const signal of SIGNALS) process.on(signal, heard);
  process.once('SIGHUP', leaveTerminal);
  return {
    stop: stop.signal,
    kill: kill.signal,
    release: () => {
      for (const signal of SIGNALS) process.off(signal, heard);
      process.off('SIGHUP', leaveTerminal);
    },
  };
}

/** Node.js aborts at its end when it cannot restore the terminal that it started in: nothing is to be restored. */
function leaveTerminal(): void {
  process.once('exit', () => {
    for (const file of [0, 1, 2]) {
      try {
        closeSync(file);
      } catch {
        // Closed before.
      }
    }
  });
}
