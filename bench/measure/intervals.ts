/** @file When stages ran, out of the run's journal. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Event } from '../../engine/event.ts';

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Length of what the spans cover together: stages that ran side by side count once. */
export function unionSeconds(spans: readonly Span[]): number {
  let covered = 0;
  let end = Number.NEGATIVE_INFINITY;
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    covered += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
  }
  return covered;
}

/** Spans in seconds of the stages that ran, by kind; a stage's span ends at its `stage-done`. */
export function spansByKind(events: readonly Event[]): Map<string, Span[]> {
  const kinds = new Map<string, string>();
  const started = new Map<string, number>();
  const spans = new Map<string, Span[]>();
  for (const event of events) {
    if (event.type === 'run-started') for (const { id, kind } of event.stages) kinds.set(id, kind);
    if (event.type === 'stage-started') started.set(event.stage, event.at);
    if (event.type !== 'stage-done' || event.action !== 'ran') continue;
    const from = started.get(event.stage);
    const kind = kinds.get(event.stage);
    if (from === undefined || kind === undefined) continue;
    spans.set(kind, [...(spans.get(kind) ?? []), { from: from / 1000, to: event.at / 1000 }]);
  }
  return spans;
}

/** The journal of a run, found by its id below the project's state. */
export function journalOf(home: string, run: string): Event[] {
  const found = readdirSync(home, { recursive: true, encoding: 'utf8' }).find(
    (path) => path.includes(run) && path.endsWith('.jsonl'),
  );
  if (found === undefined) throw new Error(`no journal of run ${run} below ${home}`);
  return readFileSync(join(home, found), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Event);
}
