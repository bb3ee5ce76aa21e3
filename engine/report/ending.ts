/** @file What stands at the end of a run: reports, results, and every failure with its output. */
import type { EventOf, StageFailure } from '../event.ts';
import { type Line, line, span } from './line.ts';
import { renderMarkdown } from './markdown.ts';
import { duration, plural } from './quantity.ts';
import { resumeCommand } from './resume.ts';
import { countLine } from './summary.ts';
import type { Tally } from './tally.ts';

/** Tables of the stages in the order of the pipeline, for a place `columns` wide. Empty lines separate. */
export function reportLines(tally: Tally, columns: number): Line[] {
  const order = new Map(tally.started?.stages.map(({ id }, at) => [id, at] as const));
  const reports = tally.reports.toSorted((a, b) => (order.get(a.stage) ?? 0) - (order.get(b.stage) ?? 0));
  return reports.flatMap(({ stage, markdown }) => [
    [],
    line(stage, 'strong'),
    ...renderMarkdown(markdown, columns),
  ]);
}

/** Where the pipeline's results lie. */
export function outLines(out: { readonly [name: string]: string }, show: (path: string) => string): Line[] {
  return Object.entries(out).map(([name, path]) => [span('out ', 'dim'), span(`${name}  ${show(path)}`)]);
}

/** Each failed stage in full, then what was not started because of it. */
export function failureLines(tally: Tally): Line[] {
  const ends = [...tally.done.values()];
  const lines: Line[] = [];
  for (const event of ends) if (event.action === 'failed') lines.push([], ...failure(event, tally));
  const held = ends.filter(({ action }) => action === 'skipped' || action === 'cancelled');
  if (lines.length > 0 && held.length > 0) lines.push([], ...notRun(held));
  return lines;
}

function failure(event: EventOf<'stage-done'>, tally: Tally): Line[] {
  const found = event.failure;
  const lines: Line[] = [
    [
      span(event.stage, 'strong'),
      span(` failed[${found?.code ?? 'unknown'}]`, 'bad'),
      span(`: ${found?.message ?? 'The stage gave no reason.'}`),
    ],
  ];
  const place = placeOf(found);
  if (place !== undefined) lines.push(line(`  in ${place}`));
  if (found?.command !== undefined) lines.push(line(`  $ ${found.command}`));
  for (const text of lastLines(found?.output)) lines.push([span('  > ', 'dim'), span(text)]);
  if (found?.hint !== undefined) lines.push([span('  hint: ', 'info'), span(found.hint)]);
  const tail = tally.tails.get(event.stage);
  if (tail !== undefined && tail.lines.length > 0) {
    if (tail.dropped > 0) lines.push(line(`  ... ${plural(tail.dropped, 'earlier line')} in the log`, 'dim'));
    for (const text of tail.lines) lines.push([span('  | ', 'dim'), span(text)]);
  }
  if (found?.log !== undefined) lines.push(line(`  log: ${found.log}`, 'dim'));
  return lines;
}

const MOST_OUTPUT = 20;

function lastLines(output = ''): string[] {
  return output === '' ? [] : output.trimEnd().split('\n').slice(-MOST_OUTPUT);
}

/** `data.train, row 3 (path of the object)` for another stage's output, else the file. */
function placeOf(found: StageFailure | undefined): string | undefined {
  const named = found?.input ?? found?.file;
  if (named === undefined) return undefined;
  const row = found?.row === undefined ? '' : `, row ${found.row}`;
  const object = found?.input === undefined || found.file === undefined ? '' : ` (${found.file})`;
  return `${named}${row}${object}`;
}

/** Stages that share a reason share a line. */
function notRun(events: readonly EventOf<'stage-done'>[]): Line[] {
  const byReason = new Map<string, { word: string; reason: string; stages: string[] }>();
  for (const { action, reason = 'no reason given', stage } of events) {
    const group = byReason.get(`${action} ${reason}`) ?? { word: action, reason, stages: [] };
    byReason.set(`${action} ${reason}`, group);
    group.stages.push(stage);
  }
  return [...byReason.values()].map(({ word, reason, stages }) => [
    span(`${word} `, 'warn'),
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
    lines.push([span('resume: ', 'info'), span(resumeCommand(tally.started, show))]);
  }
  return lines;
}
