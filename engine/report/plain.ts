/** @file One line for each change of state: logs, pipes, continuous integration. */
import type { EventOf } from '../event.ts';
import { renderDiagnostic, type Sources } from './diagnostics.ts';
import { closingLines, failureLines, reportLines } from './ending.ts';
import { collapsesFresh } from './fresh.ts';
import { doneLine, idWidth, noteLine, progressLine, retryLine, startLine, waitLine } from './lines.ts';
import type { Print, Results } from './paint.ts';
import { placeLine, tellsNews } from './place.ts';
import { dispatch, type Handlers, ignore, type Reporter } from './reporter.ts';
import { Tally } from './tally.ts';
import { transferLine } from './transfer.ts';

/** A stage that says nothing for this long (in events' time) gets a line that it goes on. */
const HEARTBEAT_MS = 30_000;

export interface PlainOptions {
  /** Progress and diagnostics. */
  readonly progress: Print;
  /** Tables of the stages. */
  readonly results: Results;
  readonly sources: Sources;
}

export function plainReporter({ progress: put, results, sources }: PlainOptions): Reporter {
  const tally = new Tally();
  const spoke = new Map<string, number>();
  const placed = new Map<string, EventOf<'stage-placed'>>();
  let columns = 0;
  let collapsed = false;
  const handlers: Handlers = {
    'run-started': (event) => {
      columns = idWidth(event.stages.map(({ id }) => id));
      collapsed = collapsesFresh(event);
    },
    'stage-waiting': (event) => put([waitLine(event, columns)]),
    'stage-started': (event) => {
      spoke.set(event.stage, event.at);
      placed.delete(event.stage);
      put([startLine(event, columns)]);
    },
    'stage-placed': (event) => {
      if (!tellsNews(event, placed.get(event.stage), HEARTBEAT_MS)) return;
      placed.set(event.stage, event);
      put([placeLine(event, columns)]);
    },
    'stage-retrying': (event) => put([retryLine(event, columns)]),
    'stage-progress': (event) => {
      if (event.at - (spoke.get(event.stage) ?? 0) < HEARTBEAT_MS) return;
      spoke.set(event.stage, event.at);
      put([progressLine(event, columns)]);
    },
    'stage-metric': ignore,
    'stage-output': ignore,
    'stage-note': (event) => put([noteLine(event, columns)]),
    'stage-report': ignore,
    'stage-done': (event) => {
      if (!(collapsed && event.action === 'fresh')) put([doneLine(event, columns)]);
    },
    warning: (event) => put(renderDiagnostic(event.diagnostic, sources)),
    'output-placed': ignore,
    transfer: (event) => {
      if (!event.done && event.at - (spoke.get(event.type) ?? event.at) < HEARTBEAT_MS) {
        spoke.set(event.type, spoke.get(event.type) ?? event.at);
        return;
      }
      spoke.set(event.type, event.at);
      put([transferLine(event)]);
    },
    'run-done': () => {
      results.print(reportLines(tally, results.columns()));
      put([...failureLines(tally), ...closingLines(tally, sources.show)]);
    },
  };
  return {
    event: (event) => {
      tally.add(event);
      dispatch(handlers, event);
    },
    close: () => {},
  };
}
