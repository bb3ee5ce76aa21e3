import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SHAPES } from '../../engine/site/requests.ts';
import { count, list, optional, orNull, record, text } from '../../engine/site/shape.ts';

interface Row {
  readonly name: string;
  readonly size: number | null;
  readonly note?: string | undefined;
}

const row = record<Row>({ name: text(5), size: orNull(count), note: optional(text(5)) });

test.each([
  [
    { name: 'a', size: 1 },
    { name: 'a', size: 1 },
  ],
  [
    { name: 'a', size: null, note: 'n' },
    { name: 'a', size: null, note: 'n' },
  ],
  [
    { name: 'a', size: 1, more: true },
    { name: 'a', size: 1 },
  ],
  [{ name: 'a' }, undefined],
  [{ name: 'a', size: -1 }, undefined],
  [{ name: 'a', size: 1.5 }, undefined],
  [{ name: 'a', size: '1' }, undefined],
  [{ name: 'abcdef', size: 1 }, undefined],
  [{ name: 'a', size: 1, note: 7 }, undefined],
  [[], undefined],
  [null, undefined],
])('%j is taken as %j', (value, taken) => {
  expect(row(value)).toEqual(taken);
});

test('a list has a most', () => {
  expect(list(count, 2)([1, 2])).toEqual([1, 2]);
  expect(list(count, 2)([1, 2, 3])).toBeUndefined();
});

test('fields of the prototype are no fields', () => {
  expect(record<{ readonly constructor: unknown }>({ constructor: (value) => value })({})).toBeUndefined();
});

test('no answer of another machine makes a shape throw', () => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      for (const { ask, answer } of Object.values(SHAPES)) {
        ask(value);
        answer(value);
      }
    }),
  );
  expect(Object.keys(SHAPES)).not.toHaveLength(0);
});
