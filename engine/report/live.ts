/** @file For a terminal: a block of what runs now below one permanent line for each stage that ended. */
import type { Event } from '../event.ts';
import { renderBlock } from './block.ts';
import { renderDiagnostic, type Sources } from './diagnostics.ts';
import { closingLines, failureLines, reportLines } from './ending.ts';
import { collapsesFresh } from './fresh.ts';
import type { Line } from './line.ts';
import { doneLine, idWidth, noteLine, retryLine } from './lines.ts';
import { type Painter, printTo, type Results } from './paint.ts';
import { dispatch, type Handlers, ignore, type Reporter } from './reporter.ts';
import { Tally } from './tally.ts';
import { transferLine } from './transfer.ts';
import { type Terminal, Window } from './window.ts';

/** At most ten drawings a second. */
const FRAME_MS = 100;

/** Time and a timer, so that a test can turn the hands. */
export interface Clock {
  /** Milliseconds since the epoch, as in events. */
  now(): number;
  /** Calls `tick` every `ms` until the returned function is called. */
  every(ms: number, tick: () => void): () => void;
}

export interface LiveOptions {
  readonly terminal: Terminal;
  /** Tables of the stages. */
  readonly results: Results;
  readonly paint: Painter;
  readonly sources: Sources;
  readonly clock: Clock;
}

export function liveReporter({ terminal, results, paint, sources, clock }: LiveOptions): Reporter {
  const tally = new Tally();
  const print = printTo(terminal, paint);
  const window = new Window(terminal, paint);
  let columns = 0;
  let collapsed = false;
  let pending: Line[] = [];
  let last = '';
  const draw = (): void => {
    if (tally.started === undefined || tally.ended !== undefined) return;
    const block = renderBlock(tally, clock.now(), terminal.size());
    const text = JSON.stringify(block);
    if (pending.length === 0 && text === last) return;
    window.draw(pending, block);
    pending = [];
    last = text;
  };
  // Drawing happens on the clock alone: any number of events between two ticks costs one drawing.
  const stop = clock.every(FRAME_MS, draw);
  const clear = (): void => {
    window.draw(pending, []);
    pending = [];
  };
  const handlers: Handlers = {
    'run-started': (event) => {
      columns = idWidth(event.stages.map(({ id }) => id));
      collapsed = collapsesFresh(event);
    },
    'stage-waiting': ignore,
    'stage-started': ignore,
    'stage-placed': ignore,
    'stage-retrying': (event) => pending.push(retryLine(event, columns)),
    'stage-progress': ignore,
    'stage-metric': ignore,
    'stage-output': ignore,
    'stage-note': (event) => pending.push(noteLine(event, columns)),
    'stage-report': ignore,
    'stage-done': (event) => {
      if (!(collapsed && event.action === 'fresh')) pending.push(doneLine(event, columns));
    },
    warning: (event) => pending.push(...renderDiagnostic(event.diagnostic, sources)),
    'output-placed': ignore,
    transfer: (event) => {
      if (event.done) pending.push(transferLine(event));
    },
    'run-done': () => {
      clear();
      results.print(reportLines(tally, results.columns()));
      print([...failureLines(tally), ...closingLines(tally, sources.show)]);
    },
  };
  return {
    event: (event: Event) => {
      tally.add(event);
      dispatch(handlers, event);
    },
    close: () => {
      stop();
      clear();
    },
  };
}
