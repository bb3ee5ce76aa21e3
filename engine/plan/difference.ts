/** @file Field-by-field difference of two fingerprints. */
import { canonicalJson } from '../../base/canonical.ts';
import type { Digest } from '../../base/ids.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import { type CodeManifest, codeParts } from './code-manifest.ts';
import { asJson, type Fingerprint } from './fingerprint.ts';

/** One field that differs; a side where it does not exist is undefined. */
export interface FieldChange {
  /** `with.lr`, `in.records`, `code`. */
  readonly path: readonly string[];
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/** Fields that are compared member by member; the others are one value each. */
const DEEP = new Set(['with', 'axes', 'in', 'out', 'env', 'backend', 'hardware']);

/** What digests of code are made of, where it is known. */
export type CodeOf = (code: Digest) => CodeManifest | undefined;

/**
 * In the order of the fingerprint's fields, members in the order in which they stand, gone ones last. Of code whose
 * manifests are known, the modules and packages that differ: `code.stages/sft/run.ts`.
 */
export function differenceOf(before: Fingerprint, after: Fingerprint, codeOf: CodeOf): FieldChange[] {
  const a = asJson(before);
  const b = asJson(after);
  return union(b, a).flatMap((field) => {
    const left = a[field];
    const right = b[field];
    if (field === 'code') return codeChanges(before, after, codeOf);
    if (DEEP.has(field) && isObject(left) && isObject(right)) {
      return union(right, left).flatMap((name) => change([field, name], left[name], right[name]));
    }
    return change([field], left, right);
  });
}

function codeChanges(before: Fingerprint, after: Fingerprint, codeOf: CodeOf): FieldChange[] {
  const whole = change(['code'], before.code, after.code);
  const old = before.code ? codeOf(before.code) : undefined;
  const now = after.code ? codeOf(after.code) : undefined;
  if (whole.length === 0 || old === undefined || now === undefined) return whole;
  const [a, b] = [codeParts(before.kind, old), codeParts(after.kind, now)];
  const names = new Set([...b.keys(), ...a.keys()]);
  return [...names].flatMap((name) => change(['code', name], a.get(name), b.get(name)));
}

function change(path: string[], before: Json | undefined, after: Json | undefined): FieldChange[] {
  return textOf(before) === textOf(after) ? [] : [{ path, before, after }];
}

function textOf(value: Json | undefined): string | undefined {
  return value === undefined ? undefined : canonicalJson(value);
}

function union(first: JsonObject, second: JsonObject): string[] {
  return [...new Set([...Object.keys(first), ...Object.keys(second)])];
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
