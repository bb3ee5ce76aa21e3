/** @file A run as its journal tells it: one line a stage, whether it has ended, runs, or waits. */
import type { StageId } from '../../base/ids.ts';
import { closingLines } from './ending.ts';
import { type Line, padded, type Span, shorten, span } from './line.ts';
import { doneLine, idWidth, retryText, waitText } from './lines.ts';
import { placeText } from './place.ts';
import { clock, metric } from './quantity.ts';
import { countLine } from './summary.ts';
import { metricsBeside, secondsLeft, type Tally } from './tally.ts';

/** Cells for the last line that a stage printed which reports no progress. */
const LAST_WIDTH = 60;

/** `now` in milliseconds since the epoch; `alive` is false when the engine of an unfinished run is gone. */
export function statusLines(
  tally: Tally,
  now: number,
  alive: boolean,
  show: (path: string) => string,
): Line[] {
  const { started } = tally;
  if (started === undefined) return [];
  const columns = idWidth(started.stages.map(({ id }) => id));
  const head: Line = [
    span(started.pipeline, 'strong'),
    span(`  ${show(started.file)}  run ${started.run}`, 'dim'),
  ];
  const stages = started.stages.map(({ id }) => stageLine(id, tally, now, alive, columns));
  if (tally.ended !== undefined) return [head, ...stages, ...closingLines(tally, show)];
  const goesOn = tally.stopping ? span('stopping', 'warn') : span('running', 'good');
  const state = alive ? goesOn : span('stopped without an end', 'bad');
  return [head, ...stages, [], [state, span(': '), ...countLine(tally, alive ? 'running' : 'broken off')]];
}

function stageLine(id: StageId, tally: Tally, now: number, alive: boolean, columns: number): Line {
  const done = tally.done.get(id);
  if (done !== undefined) return doneLine(done, columns);
  const name = padded(id, columns, 'strong');
  const running = tally.running.get(id);
  if (running === undefined) {
    const early = tally.places.get(id);
    if (early?.state === 'queued' && alive) {
      return [
        name,
        span('  '),
        span(`queued ${clock((now - early.at) / 1000)} `, 'warn'),
        span(placeText(early)),
      ];
    }
    const held = tally.held.get(id);
    const retrying = tally.retrying.get(id);
    if (retrying !== undefined && alive) {
      return [
        name,
        span('  '),
        span(`waiting for retry ${retrying.retry} of ${retrying.of} `, 'warn'),
        span(retryText(retrying)),
      ];
    }
    return [
      name,
      span('  '),
      span('waiting', 'dim'),
      ...(held === undefined ? [] : [span(` ${waitText(held)}`)]),
    ];
  }
  const place = tally.places.get(id);
  if (!alive) {
    // Under an executor that outlives its engine the attempt may well go on.
    const seen = place === undefined ? [] : [span(`  last seen ${place.state} ${placeText(place, 'job')}`)];
    return [name, span('  '), span('broken off', 'bad'), ...seen];
  }
  if (running.queuedAt !== undefined && place !== undefined) {
    const waited = clock((now - running.queuedAt) / 1000);
    return [name, span('  '), span(`queued ${waited} `, 'warn'), span(placeText(place, 'job'))];
  }
  const parts: Span[] = [span(`running ${clock((now - running.startedAt) / 1000)}`, 'good')];
  if (running.queued >= 1) parts.push(span(`, queued ${clock(running.queued)}`));
  if (place !== undefined) parts.push(span(`  ${placeText(place, 'job')}`));
  const { latest } = running;
  if (latest !== undefined) parts.push(span(`  ${latest.step}/${latest.total} ${latest.unit}`));
  const left = secondsLeft(running);
  if (left !== undefined) parts.push(span(`  eta ${clock(left)}`));
  for (const [name, value] of metricsBeside(running)) parts.push(span(`  ${name} ${metric(value)}`, 'dim'));
  const last = tally.tails.get(id)?.last;
  if (latest === undefined && last !== undefined)
    parts.push(span('  | ', 'dim'), ...shorten([span(last)], LAST_WIDTH));
  return [name, span('  '), ...parts];
}
