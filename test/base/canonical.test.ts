import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, compareCodePoints } from '../../base/canonical.ts';
import { digestOf } from '../../base/digest.ts';
import type { Json, JsonObject } from '../../base/json.ts';

const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json>;

/** The same value with the keys of every object in another order. */
function turned(value: Json): Json {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value as JsonObject)
      .reverse()
      .map(([key, inner]) => [key, turned(inner)]),
  );
}

describe('canonicalJson', () => {
  it('reads back as the same value', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(JSON.parse(text) as Json)).toBe(text);
      }),
    );
  });

  it('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalJson(turned(value))).toBe(canonicalJson(value));
      }),
    );
  });

  it('gives different texts for different values', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        const same =
          JSON.stringify(JSON.parse(canonicalJson(a))) === JSON.stringify(JSON.parse(canonicalJson(b)));
        expect(canonicalJson(a) === canonicalJson(b)).toBe(same);
      }),
    );
  });

  it('tells numbers, strings and booleans apart, and 1 from 1.0 not', () => {
    const texts = [1, '1', true, null, '', [], {}].map((value) => canonicalJson(value as Json));
    expect(new Set(texts).size).toBe(texts.length);
    expect(canonicalJson(-0)).toBe('0');
    expect(canonicalJson(1.0)).toBe(canonicalJson(1));
    expect(canonicalJson(['ab', 'c'])).not.toBe(canonicalJson(['a', 'bc']));
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, undefined])('refuses %s', (value) => {
    expect(() => canonicalJson(value as Json)).toThrow('no canonical JSON');
    expect(() => canonicalJson({ a: [value as Json] })).toThrow('no canonical JSON');
  });
});

describe('compareCodePoints', () => {
  it('orders by code point, not by UTF-16 unit', () => {
    expect(['\u{1f600}', '\uffff', 'a', 'B', ''].sort(compareCodePoints)).toEqual([
      '',
      'B',
      'a',
      '\uffff',
      '\u{1f600}',
    ]);
  });

  it('agrees with the order of UTF-8 bytes', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareCodePoints(a, b))).toBe(
          Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))),
        );
      }),
    );
  });
});

describe('digestOf', () => {
  it('is tagged: equal values of two kinds have two digests', () => {
    expect(digestOf('a', 1)).not.toBe(digestOf('b', 1));
    expect(digestOf('warren/test', { b: 1, a: [true] })).toBe(digestOf('warren/test', { a: [true], b: 1 }));
  });
});
