/** @file Only what went wrong. */
import { renderDiagnostic, type Sources } from './diagnostics.ts';
import { failureLines } from './ending.ts';
import type { Print } from './paint.ts';
import type { Reporter } from './reporter.ts';
import { Tally } from './tally.ts';

export function quietReporter(put: Print, sources: Sources): Reporter {
  const tally = new Tally();
  return {
    event: (event) => {
      tally.add(event);
      if (event.type === 'warning') put(renderDiagnostic(event.diagnostic, sources));
      if (event.type === 'run-done') put(failureLines(tally));
    },
    close: () => {},
  };
}
