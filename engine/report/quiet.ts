/** @file Only what went wrong. */
import { renderDiagnostic, type Sources } from './diagnostics.ts';
import { failureLines } from './ending.ts';
import type { Line } from './line.ts';
import type { Painter } from './paint.ts';
import type { Reporter, Sink } from './reporter.ts';
import { Tally } from './tally.ts';

export function quietReporter(to: Sink, paint: Painter, sources: Sources): Reporter {
  const tally = new Tally();
  const put = (lines: readonly Line[]): void => to.write(lines.map((line) => `${paint(line)}\n`).join(''));
  return {
    event: (event) => {
      tally.add(event);
      if (event.type === 'warning') put(renderDiagnostic(event.diagnostic, sources));
      if (event.type === 'run-done') put(failureLines(tally));
    },
    close: () => {},
  };
}
