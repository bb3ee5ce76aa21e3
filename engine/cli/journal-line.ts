/** @file A line of a journal as an event, if it is one that this version knows: a journal may be torn, or from a later one. */
import { isKey } from '../../base/digest.ts';
import type { Action, Because, Event, EventType } from '../event.ts';

type Fields = { readonly [name: string]: unknown };
type Check = (fields: Fields) => boolean;

/** Undefined for what is no event of this version, whole. */
export function parseEvent(line: string): Event | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isFields(value) || typeof value['type'] !== 'string' || !isTime(value['at'])) return undefined;
  if (!Object.hasOwn(CHECKS, value['type']) || !CHECKS[value['type'] as EventType](value)) return undefined;
  const event = Array.isArray(value['because'])
    ? { ...value, because: value['because'].map(knownBecause) }
    : value;
  return event as unknown as Event;
}

const text: Check = (fields) => isText(fields['text']);
const CHECKS: { readonly [T in EventType]: Check } = {
  'run-started': ({ run, pipeline, file, targets, stages, overrides, files }) =>
    [run, pipeline, file].every(isText) &&
    isList(targets, isText) &&
    isList(stages, (each) => isFields(each) && isText(each['id']) && isText(each['kind'])) &&
    isFields(overrides) &&
    isOptional(files, isTexts),
  'stage-waiting': ({ stage, reason, detail }) => [stage, reason, detail].every(isText),
  'stage-started': ({ stage, key, attempt, because }) =>
    isText(stage) && isText(key) && isKey(key) && isNumber(attempt) && isList(because, isFields),
  'stage-placed': ({ stage, profile, state, job, host, gpus, since, why, adopted }) =>
    isText(stage) &&
    isText(profile) &&
    (state === 'queued' || state === 'running') &&
    [job, host, why].every((each) => isOptional(each, isText)) &&
    isOptional(gpus, (each) => isList(each, isText)) &&
    isOptional(since, isTime) &&
    isOptional(adopted, (each) => each === true),
  'stage-retrying': ({ stage, retry, of, cause, failure, wait, memory = 0, time = 0 }) =>
    isText(stage) && [retry, of, wait, memory, time].every(isNumber) && isText(cause) && isSaid(failure),
  'stage-progress': ({ stage, step, total, unit, metrics }) =>
    isText(stage) &&
    isText(unit) &&
    isNumber(step) &&
    isNumber(total) &&
    isFields(metrics) &&
    Object.values(metrics).every(isNumber),
  'stage-metric': ({ stage, name, value }) => isText(stage) && isText(name) && isNumber(value),
  'stage-output': (fields) => isText(fields['stage']) && text(fields),
  'stage-note': (fields) => isText(fields['stage']) && text(fields),
  'stage-report': ({ stage, markdown }) => isText(stage) && isText(markdown),
  'stage-done': ({
    stage,
    action,
    key,
    seconds,
    because,
    outputs,
    from,
    accepted,
    failure,
    reason,
    queued,
  }) =>
    isText(stage) &&
    Object.hasOwn(ACTIONS, String(action)) &&
    (key === null || (isText(key) && isKey(key))) &&
    isNumber(seconds) &&
    isList(because, isFields) &&
    isTexts(outputs) &&
    isOptional(from, isText) &&
    isOptional(accepted, (each) => each === true) &&
    isOptional(reason, isText) &&
    isOptional(queued, isNumber) &&
    isOptional(failure, isSaid),
  warning: (fields) => isSaid(fields['diagnostic']),
  'output-placed': ({ name, path }) => isText(name) && isText(path),
  transfer: ({ direction, remote, objects, of, bytes, seconds, done }) =>
    (direction === 'pull' || direction === 'push') &&
    isText(remote) &&
    [objects, of, bytes, seconds].every(isNumber) &&
    typeof done === 'boolean',
  'run-done': ({ outcome, seconds }) => Object.hasOwn(OUTCOMES, String(outcome)) && isNumber(seconds),
};

const ACTIONS: { readonly [A in Action]: true } = {
  ran: true,
  restored: true,
  fresh: true,
  failed: true,
  skipped: true,
  cancelled: true,
};
const OUTCOMES = { done: true, failed: true, interrupted: true };

/** The fields, all text, that a reason of each kind has. */
const REASONS: { readonly [K in Because['kind']]: readonly string[] } = {
  new: [],
  forced: [],
  uncached: [],
  temp: ['output'],
  failed: [],
  lost: ['detail'],
  param: ['name', 'before', 'after'],
  input: ['name', 'detail'],
  upstream: ['stage', 'output'],
  code: ['detail'],
  twin: ['stage'],
  other: ['field'],
};

/** A reason that only a later version knows is still one. */
function knownBecause(because: Fields): Because {
  const kind = String(because['kind']);
  const fields = Object.hasOwn(REASONS, kind) ? REASONS[kind as Because['kind']] : undefined;
  return fields?.every((field) => isText(because[field]))
    ? (because as unknown as Because)
    : { kind: 'other', field: kind };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** Milliseconds that a calendar reaches. */
function isTime(value: unknown): boolean {
  return typeof value === 'number' && Math.abs(value) <= 8.64e15;
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number';
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): boolean {
  return isFields(value) && Object.values(value).every(isText);
}

/** A failure or a diagnostic: what people are told. */
function isSaid(value: unknown): boolean {
  return (
    isFields(value) &&
    [value['code'], value['message']].every(isText) &&
    [value['hint'], value['file'], value['log'], value['command'], value['output']].every((each) =>
      isOptional(each, isText),
    )
  );
}

function isList(value: unknown, of: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(of);
}

function isOptional(value: unknown, check: (value: unknown) => boolean): boolean {
  return value === undefined || check(value);
}
