/** @file Where two JSON documents, or two files of JSON lines, differ. */
import type { Json, JsonObject } from '../../base/json.ts';
import { type Difference, type Found, isWithin, MOST } from './difference.ts';

type Field = Extract<Difference, { kind: 'field' }>;

/** `metrics.loss[3]`, with the values on both sides; a side where there is none is left out. */
export function compareJson(member: string, before: Json, after: Json, tolerance: number): Found {
  const all = collector(member, tolerance);
  all.compare('', before, after);
  return all.found();
}

/** As `compareJson`, row by row: `row 12: response`. Undefined for text that is no JSON lines. */
export function compareRows(
  member: string,
  before: string,
  after: string,
  tolerance: number,
): Found | undefined {
  const [left, right] = [rowsOf(before), rowsOf(after)];
  if (left === undefined || right === undefined) return undefined;
  const all = collector(member, tolerance);
  if (left.length !== right.length) all.add('rows', left.length, right.length);
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    all.compare(`row ${i + 1}: `, left[i] as Json, right[i] as Json);
  }
  return all.found();
}

function rowsOf(text: string): Json[] | undefined {
  try {
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Json);
  } catch {
    return undefined;
  }
}

function collector(member: string, tolerance: number) {
  const differences: Field[] = [];
  let more = 0;
  let within = 0;

  function add(path: string, before: Json | undefined, after: Json | undefined): void {
    if (differences.length === MOST) {
      more += 1;
      return;
    }
    const sides = { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
    differences.push({ kind: 'field', member, path: path === '' ? '(whole)' : path, ...sides });
  }

  function compare(path: string, before: Json | undefined, after: Json | undefined): void {
    if (before === undefined || after === undefined) {
      if (before !== after) add(path, before, after);
    } else if (typeof before === 'number' && typeof after === 'number') {
      if (before === after) return;
      if (isWithin(before, after, tolerance)) within += 1;
      else add(path, before, after);
    } else if (Array.isArray(before) && Array.isArray(after)) {
      for (let i = 0; i < Math.max(before.length, after.length); i++) {
        compare(`${path}[${i}]`, before[i], after[i]);
      }
    } else if (isObject(before) && isObject(after)) {
      for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
        compare(
          path === '' || path.endsWith(' ') ? `${path}${name}` : `${path}.${name}`,
          own(before, name),
          own(after, name),
        );
      }
    } else if (before !== after) add(path, before, after);
  }

  return { add, compare, found: (): Found => ({ differences, more, within }) };
}

function own(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
