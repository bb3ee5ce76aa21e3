/** @file The live block: what runs now, at most `rows - 2` lines, as a pure function of the tally. */
import type { EventOf } from '../event.ts';
import { type Line, padded, shorten, span } from './line.ts';
import { idWidth, retryText, waitText } from './lines.ts';
import { placeText } from './place.ts';
import { clock, metric } from './quantity.ts';
import { countLine } from './summary.ts';
import { metricsBeside, type Running, secondsLeft, type Tally } from './tally.ts';
import { transferLine } from './transfer.ts';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** `now` in milliseconds since the epoch, the clock of the events. */
export function renderBlock(tally: Tally, now: number, size: Size): Line[] {
  const held = [...tally.held.values()];
  const { transfer } = tally;
  const ids = idWidth((tally.started?.stages ?? []).map(({ id }) => id));
  const lines = [
    ...(transfer === undefined || transfer.objects >= transfer.of ? [] : [transferLine(transfer)]),
    ...[...tally.running.values()].map((running) => runningLine(running, tally, now, ids)),
    ...[...tally.retrying.values()].map(
      (event): Line => [
        padded(event.stage, ids, 'strong'),
        span('  '),
        span(`retries ${retryText(event)}`, 'warn'),
      ],
    ),
    ...early(tally).map(
      (event): Line => [
        padded(event.stage, ids, 'strong'),
        span('  '),
        span(`queued ${clock((now - event.at) / 1000)} ${placeText(event)}`, 'warn'),
      ],
    ),
    ...held.map(
      (event): Line => [
        padded(event.stage, ids, 'strong'),
        span('  '),
        span(`waits ${waitText(event)}`, 'dim'),
      ],
    ),
  ];
  // One line for the counts; one more says how many stages did not shorten.
  const room = Math.max(1, size.rows - 2) - 1;
  const shown = lines.length <= room ? lines : lines.slice(0, Math.max(0, room - 1));
  const hidden = lines.length - shown.length;
  const more: Line[] = hidden > 0 && room > 0 ? [[span(`+ ${hidden} more`, 'dim')]] : [];
  const counts = [...(tally.stopping ? [span('stopping: ', 'warn')] : []), ...countLine(tally)];
  return [...shown, ...more, counts].map((each) => shorten(each, size.columns - 1));
}

/** What waits for a place before its attempt is begun. */
function early({ places, running, done }: Tally): EventOf<'stage-placed'>[] {
  return [...places.values()].filter(
    ({ stage, state }) => state === 'queued' && !running.has(stage) && !done.has(stage),
  );
}

function runningLine(running: Running, tally: Tally, now: number, ids: number): Line {
  const place = tally.places.get(running.stage);
  if (running.queuedAt !== undefined && place !== undefined) {
    const waited = clock((now - running.queuedAt) / 1000);
    return [
      padded(running.stage, ids, 'strong'),
      span('  '),
      span(`queued ${waited} ${placeText(place)}`, 'warn'),
    ];
  }
  const parts = [clock((now - running.startedAt) / 1000).padStart(6)];
  const { latest } = running;
  if (latest !== undefined) parts.push(`${latest.step}/${latest.total} ${latest.unit}`);
  const left = secondsLeft(running);
  if (left !== undefined && latest !== undefined) {
    parts.push(`eta ${clock(left - Math.max(0, now - latest.at) / 1000)}`);
  }
  if (place !== undefined) parts.push(placeText(place));
  for (const [name, value] of metricsBeside(running)) parts.push(`${name} ${metric(value)}`);
  const said = latest === undefined ? tally.tails.get(running.stage)?.last : undefined;
  return [
    padded(running.stage, ids, 'strong'),
    span('  '),
    span(parts.join('  ')),
    ...(said === undefined ? [] : [span(`  ${said}`, 'dim')]),
  ];
}
