/** @file Canonical JSON: one text for one value, so that a digest of the text is a digest of the value. */
import type { Json, JsonObject } from './json.ts';

/**
 * Order of strings by Unicode code point. JavaScript's own order is by UTF-16 unit, which puts U+1F600 (a
 * surrogate pair) before U+FFFD; locale-aware orders differ between machines.
 */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above U+FFFF, so they rank above every other unit. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/**
 * Keys in code-point order, no white space, shortest round-trip numbers, -0 as 0.
 * Throws on what JSON cannot hold (NaN, infinities, undefined): such a value in a key is a bug.
 */
export function canonicalJson(value: Json): string {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new Error(`Internal error: ${value} has no canonical JSON`);
    // JSON.stringify writes -0 as 0 already.
    return JSON.stringify(value);
  }
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object') throw new Error(`Internal error: ${typeof value} has no canonical JSON`);
  const object = value as JsonObject;
  const members = sortedKeys(object).map(
    (key) => `${JSON.stringify(key)}:${canonicalJson(object[key] as Json)}`,
  );
  return `{${members.join(',')}}`;
}

function sortedKeys(object: JsonObject): string[] {
  const keys = Object.keys(object);
  return keys.length < 2 ? keys : keys.sort(compareCodePoints);
}
