/** @file The permanent lines of a run: one when a stage ends, one for each thing a person must see. */
import { unreachable } from '../../base/result.ts';
import type { EventOf } from '../event.ts';
import { LOCK_RUN } from '../lock/format.ts';
import { becauseLine } from './because.ts';
import { type Line, padded, span, type Tone } from './line.ts';
import { bytes, duration, metric, plural } from './quantity.ts';
import { width } from './width.ts';

/** Cells for what happened to a stage. */
export const VERB_WIDTH = 12;
const MOST_ID_WIDTH = 36;
/** Seconds in a queue that are worth a word. */
const LEAST_QUEUED = 0.05;

/** Columns for stage ids, so that verbs stand below each other. */
export function idWidth(ids: readonly string[]): number {
  return Math.min(MOST_ID_WIDTH, Math.max(4, ...ids.map(width)));
}

function verb(event: EventOf<'stage-done'>): { readonly text: string; readonly tone: Tone } {
  const { action } = event;
  const seconds = Math.max(0, event.seconds - (event.queued ?? 0));
  switch (action) {
    case 'ran':
      return { text: `run ${duration(seconds)}`, tone: 'good' };
    case 'failed':
      return { text: `failed ${duration(seconds)}`, tone: 'bad' };
    case 'restored':
      return { text: 'restored', tone: 'info' };
    case 'fresh':
      return { text: 'fresh', tone: 'dim' };
    case 'skipped':
      return { text: 'skipped', tone: 'warn' };
    case 'cancelled':
      return { text: 'cancelled', tone: 'warn' };
    default:
      return unreachable(action);
  }
}

/** `rrhf  run 41.2s  because with.lr 1.0e-05 -> 2.0e-05` */
export function doneLine(event: EventOf<'stage-done'>, columns: number): Line {
  const { text, tone } = verb(event);
  const why = reason(event);
  return why === ''
    ? [padded(event.stage, columns, 'strong'), span('  '), span(text, tone)]
    : [
        padded(event.stage, columns, 'strong'),
        span('  '),
        padded(text, VERB_WIDTH, tone),
        span('  '),
        span(why, event.action === 'failed' ? 'plain' : 'dim'),
      ];
}

function reason(event: EventOf<'stage-done'>): string {
  const { retries = 0, queued = 0 } = event;
  const text = plainReason(event);
  const after = retries === 0 ? '' : `after ${plural(retries, 'retry', 'retries')}`;
  const told = [after, text].filter((part) => part !== '').join(': ');
  // Time in a queue is no time of the stage's own.
  const waited = queued < LEAST_QUEUED ? '' : `queued ${duration(queued)}`;
  return [waited, told].filter((part) => part !== '').join(', ');
}

function plainReason(event: EventOf<'stage-done'>): string {
  if (event.failure !== undefined) return event.failure.message;
  if (event.reason !== undefined) return event.reason;
  if (event.from === LOCK_RUN) return 'from lock';
  if (event.from !== undefined)
    return `from run ${event.from}${event.accepted ? ', accepted as the same' : ''}`;
  return becauseLine(event.because);
}

/** The reason stands on the line of the end: once is enough. */
export function startLine(event: EventOf<'stage-started'>, columns: number): Line {
  const attempt = event.attempt > 1 ? `  attempt ${event.attempt}` : '';
  return [padded(event.stage, columns, 'strong'), span('  '), span(`start${attempt}`, 'dim')];
}

export function noteLine(event: EventOf<'stage-note'>, columns: number): Line {
  return [
    padded(event.stage, columns, 'strong'),
    span('  '),
    padded('note', VERB_WIDTH, 'warn'),
    span('  '),
    span(event.text),
  ];
}

export function waitLine(event: EventOf<'stage-waiting'>, columns: number): Line {
  return [
    padded(event.stage, columns, 'strong'),
    span('  '),
    padded('waiting', VERB_WIDTH, 'warn'),
    span('  '),
    span(waitText(event)),
  ];
}

export function waitText(event: EventOf<'stage-waiting'>): string {
  return `${WAITS[event.reason]}: ${event.detail}`;
}

const WAITS: { readonly [R in EventOf<'stage-waiting'>['reason']]: string } = {
  lock: 'for another process',
  resources: 'for resources',
  limit: 'for a limit of the pipeline',
  executor: 'for its executor',
};

export function retryLine(event: EventOf<'stage-retrying'>, columns: number): Line {
  return [
    padded(event.stage, columns, 'strong'),
    span('  '),
    padded(`retry ${event.retry} of ${event.of}`, VERB_WIDTH, 'warn'),
    span('  '),
    span(`${retryText(event)}: ${event.failure.message}`),
  ];
}

/** `in 5.0s after oom, with 1.5 GiB` */
export function retryText({ wait, cause, memory, time }: EventOf<'stage-retrying'>): string {
  const grown = [
    ...(memory === undefined ? [] : [bytes(memory)]),
    ...(time === undefined ? [] : [duration(time)]),
  ];
  const more = grown.length === 0 ? '' : `, with ${grown.join(' and ')}`;
  return `${wait > 0 ? `in ${duration(wait)} ` : ''}after ${cause}${more}`;
}

export function progressLine(event: EventOf<'stage-progress'>, columns: number): Line {
  const values = Object.entries(event.metrics).map(([name, value]) => `  ${name} ${metric(value)}`);
  const text = `${event.step}/${event.total} ${event.unit}${values.join('')}`;
  return [
    padded(event.stage, columns, 'strong'),
    span('  '),
    padded('running', VERB_WIDTH, 'dim'),
    span('  '),
    span(text),
  ];
}
