/** @file What stands at the end of a run: reports, results, and every failure with its output. */
import type { EventOf } from '../event.ts';
import { type Line, line, span } from './line.ts';
import { renderMarkdown } from './markdown.ts';
import { duration, plural } from './quantity.ts';
import { countLine } from './summary.ts';
import type { Tally } from './tally.ts';

/** Tables of the stages in the order of the pipeline, then where the results lie. Empty lines separate. */
export function resultLines(tally: Tally): Line[] {
  const order = new Map(tally.started?.stages.map(({ id }, at) => [id, at] as const));
  const reports = tally.reports.toSorted((a, b) => (order.get(a.stage) ?? 0) - (order.get(b.stage) ?? 0));
  const lines: Line[] = [];
  for (const report of reports)
    lines.push([], line(report.stage, 'strong'), ...renderMarkdown(report.markdown));
  if (tally.placed.length > 0) lines.push([]);
  for (const { name, path } of tally.placed) lines.push([span('out ', 'dim'), span(`${name}  ${path}`)]);
  return lines;
}

/** Each failed stage in full, then what was not started because of it. */
export function failureLines(tally: Tally): Line[] {
  const ends = [...tally.done.values()];
  const lines: Line[] = [];
  for (const event of ends) if (event.action === 'failed') lines.push([], ...failure(event, tally));
  const skipped = ends.filter(({ action }) => action === 'skipped');
  if (lines.length > 0 && skipped.length > 0) lines.push([], ...skips(skipped));
  return lines;
}

function failure(event: EventOf<'stage-done'>, tally: Tally): Line[] {
  const found = event.failure;
  const lines: Line[] = [
    [
      span(event.stage, 'strong'),
      span(` failed[${found?.code ?? 'unknown'}]`, 'bad'),
      span(`: ${found?.message ?? 'the stage gave no reason'}`),
    ],
  ];
  if (found?.file !== undefined) {
    lines.push(line(`  in ${found.file}${found.row === undefined ? '' : `, row ${found.row}`}`));
  }
  if (found?.hint !== undefined) lines.push([span('  hint: ', 'info'), span(found.hint)]);
  const tail = tally.tails.get(event.stage);
  if (tail !== undefined && tail.lines.length > 0) {
    if (tail.dropped > 0) lines.push(line(`  ... ${plural(tail.dropped, 'earlier line')} in the log`, 'dim'));
    for (const text of tail.lines) lines.push([span('  | ', 'dim'), span(text)]);
  }
  if (found?.log !== undefined) lines.push(line(`  log: ${found.log}`, 'dim'));
  return lines;
}

/** Stages that share a reason share a line. */
function skips(events: readonly EventOf<'stage-done'>[]): Line[] {
  const byReason = new Map<string, string[]>();
  for (const { reason = 'no reason given', stage } of events) {
    byReason.set(reason, [...(byReason.get(reason) ?? []), stage]);
  }
  return [...byReason].map(([reason, stages]) => [
    span('skipped ', 'warn'),
    span(stages.join(', ')),
    span(`: ${reason}`, 'dim'),
  ]);
}

const OUTCOMES = {
  done: { word: 'done', tone: 'good' },
  failed: { word: 'failed', tone: 'bad' },
  interrupted: { word: 'interrupted', tone: 'warn' },
} as const;

/** `done in 2m12s: 3 ran, 7 restored`; after an interruption, how to go on. `show` shortens a path for people. */
export function closingLines(tally: Tally, show: (path: string) => string): Line[] {
  const { ended } = tally;
  if (ended === undefined) return [];
  const { word, tone } = OUTCOMES[ended.outcome];
  const lines: Line[] = [
    [],
    [span(word, tone), span(` in ${duration(ended.seconds)}: `), ...countLine(tally)],
  ];
  if (ended.outcome === 'interrupted' && tally.started !== undefined) {
    lines.push([span('resume: ', 'info'), span(`warren run ${show(tally.started.file)}`)]);
  }
  return lines;
}
