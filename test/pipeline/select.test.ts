import { expect, it } from 'vitest';
import { matcherOf } from '../../engine/pipeline/select.ts';

const ids = [
  'rrhf',
  'beaver/rrhf',
  'beaver/rrhfs',
  'beaver[round=1]/rrhf[seed=1]',
  'beaver[round=2]/rrhf[seed=1]',
  'beaver[round=2]/rrhf[seed=2]',
  'beaver[round=2]/inner[k="a/b]\\""]/rrhf',
  'beavers/rrhf',
];

it.each([
  ['rrhf', [0]],
  ['beaver', [1, 2, 3, 4, 5, 6]],
  ['beaver/rrhf', [1, 3, 4, 5]],
  ['beaver[round=2]', [4, 5, 6]],
  ['beaver[round=2]/rrhf', [4, 5]],
  ['beaver/rrhf[seed=1]', [3, 4]],
  ['beaver[round=2]/rrhf[seed=2]', [5]],
  ['beaver/inner[k="a/b]\\""]', [6]],
  ['beaver/inner/rrhf', [6]],
  ['beaver/', []],
  ['/', []],
  ['', []],
])('%s', (word, expected) => {
  expect(ids.filter(matcherOf(word))).toEqual(expected.map((index) => ids[index]));
});
