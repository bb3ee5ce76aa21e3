import fc from 'fast-check';
import { expect, it } from 'vitest';
import { placesIn } from '../../base/place.ts';
import { parseSize, parseTime } from '../../engine/pipeline/expand/resources.ts';
import { numberText, readBare, valueLabel } from '../../engine/pipeline/names.ts';

it('turns offsets into lines and columns, and back', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('a', 'bc', '\n', '\r\n', ' ')),
      fc.nat(40),
      fc.nat(9),
      (parts, start, length) => {
        const text = parts.join('');
        const place = placesIn('f', text)(start, start + length);
        const begin = text
          .split('\n')
          .slice(0, place.line - 1)
          .reduce((sum, line) => sum + line.length + 1, 0);
        expect(begin + place.column - 1).toBe(Math.min(start, text.length));
        expect(place.length).toBeGreaterThanOrEqual(1);
      },
    ),
  );
  expect(placesIn('f', 'ab\ncd')(1, 5)).toEqual({ file: 'f', line: 1, column: 2, length: 1 });
});

it('reads back every label as the value', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(readBare(valueLabel(value))).toBe(value === 0 ? 0 : value);
    }),
  );
  expect([1e-7, 1.5e-9, 1e21, 0.1, -0].map(numberText)).toEqual([
    '1.0e-07',
    '1.5e-09',
    '1.0e+21',
    '0.1',
    '0',
  ]);
  expect(['a', '1', 'true', '~', '', 'a,b'].map(valueLabel)).toEqual([
    'a',
    '"1"',
    '"true"',
    '"~"',
    '""',
    '"a,b"',
  ]);
});

it('reads sizes and times', () => {
  expect(['40G', '512M', '1.5K', '7', 7, '40GiB'].map(parseSize)).toEqual([
    40 * 2 ** 30,
    512 * 2 ** 20,
    1536,
    7,
    7,
    40 * 2 ** 30,
  ]);
  expect(['40GB', '-1', -1, '', 1.5, null].map(parseSize)).toEqual(Array(6).fill(undefined));
  expect(['2h', '30m', '90s', '1h30m', '1d', 45].map(parseTime)).toEqual([7200, 1800, 90, 5400, 86_400, 45]);
  expect(['2', '2 h', 'h', -1, null].map(parseTime)).toEqual(Array(5).fill(undefined));
});
