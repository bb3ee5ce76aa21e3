/**
 * @file How an action record stands in its file: a line of JSON, then a line with the digest of the first, so that a
 * flipped bit makes a miss and not another result. What is read was written by others: every field is checked.
 */
import { digestBytes } from '../base/digest.ts';
import type { Key } from '../base/ids.ts';
import type { ActionRecord } from './actions.ts';
import { isDigest } from './layout.ts';

export function recordText(record: ActionRecord): string {
  const line = JSON.stringify(record);
  return `${line}\n${digestBytes(line)}\n`;
}

/** The record of this key, if the text is one. */
export function recordIn(text: string, key: Key): ActionRecord | undefined {
  const end = text.indexOf('\n');
  const line = end < 0 ? text : text.slice(0, end);
  // A file that was cut off right after its first line still holds all of the record.
  const check = end < 0 ? '' : text.slice(end + 1).trimEnd();
  if (check !== '' && check !== digestBytes(line)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  return isRecord(value) && value.key === key ? value : undefined;
}

type Fields = { readonly [F in keyof ActionRecord]: (value: unknown) => boolean };

const FIELDS: Fields = {
  schema: (value) => value === 'warren/action/1',
  key: isDigest,
  fingerprint: isObject,
  outputs: (value) => isObject(value) && Object.values(value).every(isArtifact),
  kind: isString,
  run: isString,
  seconds: (value) => typeof value === 'number',
  machine: (value) =>
    isObject(value) && isString(value['platform']) && isString(value['arch']) && isString(value['cpu']),
  notes: isStrings,
  reports: isStrings,
  temporary: (value) => value === undefined || isStrings(value),
};

function isRecord(value: unknown): value is ActionRecord {
  return isObject(value) && Object.entries(FIELDS).every(([name, holds]) => holds(value[name]));
}

function isArtifact(value: unknown): boolean {
  if (!isObject(value) || !isDigest(value['digest'])) return false;
  const form = value['form'];
  return form === 'file' || form === 'exec' || form === 'tree';
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function isStrings(value: unknown): boolean {
  return Array.isArray(value) && value.every(isString);
}
