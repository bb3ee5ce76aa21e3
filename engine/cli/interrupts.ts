import type { Emit } from '../event.ts';
import { GRACE } from '../executors/supervision.ts';
import { EXIT } from './exit.ts';

export interface Interrupts {
  /** Aborted by the first signal: start nothing more, let what runs save its state. */
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
  const say = (message: string, hint: string): void => {
    emit({
      type: 'warning',
      at: Date.now(),
      diagnostic: { code: 'interrupted', severity: 'warning', message, hint },
    });
  };
  const heard = (): void => {
    if (kill.signal.aborted) process.exit(EXIT.interrupted);
    if (stop.signal.aborted) {
      say('Ending what runs.', 'once more leaves it behind');
      kill.abort();
      return;
    }
    say(`Stopping: what runs has ${GRACE / 1000} s to save its state.`, 'once more ends it at once');
    stop.abort();
  };
  for (const signal of SIGNALS) process.on(signal, heard);
  return {
    stop: stop.signal,
    kill: kill.signal,
    release: () => {
      for (const signal of SIGNALS) process.off(signal, heard);
    },
  };
}
