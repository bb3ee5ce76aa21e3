/** @file What a signal to the engine means, in its journal: for `status`, and for whoever sent it. */
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { Emit } from '../event.ts';
import type { RunOptions } from './context.ts';

/** Journals the reason of an abort, where it says one. Answers how to stop listening. */
export function journalInterrupts({ stop, kill }: RunOptions, emit: Emit): () => void {
  const said = (signal: AbortSignal): void => {
    const reason: unknown = signal.reason;
    if (isSaid(reason)) emit({ type: 'warning', at: Date.now(), diagnostic: reason });
  };
  const leave = [stop, kill].map((signal) => {
    const listen = (): void => signal && said(signal);
    if (signal?.aborted) said(signal);
    else signal?.addEventListener('abort', listen, { once: true });
    return () => signal?.removeEventListener('abort', listen);
  });
  return () => {
    for (const each of leave) each();
  };
}

function isSaid(reason: unknown): reason is Diagnostic {
  return typeof reason === 'object' && reason !== null && 'severity' in reason;
}
