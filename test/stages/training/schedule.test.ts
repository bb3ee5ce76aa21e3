import fc from 'fast-check';
import { expect, test } from 'vitest';
import { randomStream } from '../../../stages/runtime/random.ts';
import { planBatches, splitBatch } from '../../../stages/runtime/training/batches.ts';
import { learningRate } from '../../../stages/runtime/training/schedule.ts';

test('warm-up grows linearly to the peak, then the schedule falls to 0 at the end', () => {
  const rates = (schedule: 'constant' | 'linear' | 'cosine') =>
    Array.from({ length: 10 }, (_, step) => learningRate(step, 10, 1, schedule, 0.2));
  expect(rates('constant')).toEqual([0.5, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
  expect(rates('linear').map((x) => Number(x.toFixed(3)))).toEqual([
    0.5, 1, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125,
  ]);
  expect(rates('cosine')[6]).toBeCloseTo(0.5, 12);
  expect(learningRate(0, 1, 1, 'linear', 0)).toBe(1);
  // A part of a step of warm-up is a whole one.
  expect([0, 1, 2].map((step) => learningRate(step, 10, 3, 'constant', 0.21))).toEqual([1, 2, 3]);
});

test('an epoch holds every item once, in batches of the asked size, near in length', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 300 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer(),
      (lengths, batch, seed) => {
        const batches = planBatches(lengths, batch, randomStream(seed));
        expect(batches.flat().toSorted((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
        expect(batches.filter(({ length }) => length !== batch).length).toBeLessThanOrEqual(
          Math.ceil(lengths.length / (16 * batch)),
        );
        expect(planBatches(lengths, batch, randomStream(seed))).toEqual(batches);
      },
    ),
  );
  const lengths = Array.from({ length: 512 }, (_, i) => 1 + (i % 64));
  const padded = planBatches(lengths, 8, randomStream(1)).reduce(
    (sum, batch) => sum + batch.length * Math.max(...batch.map((i) => lengths[i]!)),
    0,
  );
  const real = lengths.reduce((a, b) => a + b, 0);
  expect(1 - real / padded).toBeLessThan(0.1);
});

test('a batch splits into parts within the token budget; an item is never split or lost', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ sequences: fc.integer({ min: 1, max: 6 }), longest: fc.integer({ min: 1, max: 100 }) }),
        { minLength: 1 },
      ),
      fc.integer({ min: 1, max: 800 }),
      (items, tokens) => {
        const parts = splitBatch(items, (item) => item, tokens);
        expect(parts.flat()).toEqual(items);
        for (const part of parts) {
          const cells =
            part.reduce((sum, { sequences }) => sum + sequences, 0) *
            Math.max(...part.map(({ longest }) => longest));
          expect(part.length === 1 || cells <= tokens).toBe(true);
        }
      },
    ),
  );
});
