import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bootstrapInterval,
  distinctN,
  median,
  perplexity,
  samplingStatistics,
  standardDeviation,
  wilsonInterval,
  winRate,
} from '../../stages/objectives/index.ts';

describe('perplexity', () => {
  it('names both averages: over the corpus and over samples', () => {
    const half = Math.log(0.5);
    const tenth = Math.log(0.1);
    const result = perplexity([[half, half, half], [tenth]]);
    expect(result.corpus).toBeCloseTo((8 * 10) ** (1 / 4), 10);
    expect(result.meanOfSamples).toBeCloseTo((2 + 10) / 2, 10);
    expect(result).toMatchObject({ samples: 2, tokens: 4 });
  });

  it('refuses an empty sample', () => {
    expect(() => perplexity([[-1], []])).toThrow('tokenLogprobs[1] must not be empty');
    expect(() => perplexity([])).toThrow(RangeError);
  });
});

describe('samplingStatistics', () => {
  it('is Mean, Std. and Max of Table 6', () => {
    const scores = [
      [0, 2],
      [4, 6],
    ];
    expect(samplingStatistics(scores)).toEqual({
      mean: 3,
      std: Math.sqrt(5),
      max: 4,
      queries: 2,
      scores: 4,
      estimator: 'population',
    });
    expect(samplingStatistics(scores, 'sample').std).toBeCloseTo(Math.sqrt(20 / 3), 12);
  });
});

describe('median and standardDeviation', () => {
  it('take the middle, or the mean of two', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });

  it('is 0 for one value under either estimator', () => {
    expect(standardDeviation([7], 'sample')).toBe(0);
    expect(standardDeviation([7], 'population')).toBe(0);
  });
});

describe('bootstrapInterval', () => {
  const values = Array.from({ length: 50 }, (_, i) => Math.sin(i));

  it('follows from the seed alone', () => {
    expect(bootstrapInterval(values, { seed: 3 })).toEqual(bootstrapInterval(values, { seed: 3 }));
    expect(bootstrapInterval(values, { seed: 3 })).not.toEqual(bootstrapInterval(values, { seed: 4 }));
  });

  it('comes near to the normal interval of a mean', () => {
    const { low, high, mean, n } = bootstrapInterval(values, { seed: 1, resamples: 20_000 });
    const half = (1.96 * standardDeviation(values, 'population')) / Math.sqrt(values.length);
    // A tenth of the half-width: an interval of 90 % would miss it.
    expect(Math.abs(low - (mean - half))).toBeLessThan(half / 10);
    expect(Math.abs(high - (mean + half))).toBeLessThan(half / 10);
    expect(n).toBe(50);
  });

  it('holds the mean, moves with the values, and narrows with the level', () => {
    const list = fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(list, (ints) => {
        const wide = bootstrapInterval(ints, { seed: 1, resamples: 200, level: 0.99 });
        const narrow = bootstrapInterval(ints, { seed: 1, resamples: 200, level: 0.5 });
        const moved = bootstrapInterval(
          ints.map((value) => value + 1000),
          { seed: 1, resamples: 200, level: 0.5 },
        );
        expect(wide.low).toBeLessThanOrEqual(narrow.low);
        expect(wide.high).toBeGreaterThanOrEqual(narrow.high);
        expect(moved.low).toBeCloseTo(narrow.low + 1000, 6);
        expect(wide.low - 1e-9).toBeLessThanOrEqual(Math.max(...ints));
      }),
    );
  });

  it('refuses no values and a level of 1', () => {
    expect(() => bootstrapInterval([], { seed: 1 })).toThrow('values must not be empty');
    expect(() => bootstrapInterval([1], { seed: 1, level: 1 })).toThrow('level');
  });
});

describe('winRate', () => {
  it('counts a tie as half a win', () => {
    const result = winRate([1, 2, 3, 4], [0, 2, 4, 3], { seed: 1 });
    expect(result).toMatchObject({ wins: 2, ties: 1, losses: 1, n: 4, rate: 0.625 });
    expect(result.low).toBeLessThan(0.625);
    expect(result.high).toBeGreaterThan(0.625);
  });

  it('is its own complement with the sides exchanged', () => {
    const scores = fc.array(fc.tuple(fc.integer({ max: 5, min: 0 }), fc.integer({ max: 5, min: 0 })), {
      minLength: 1,
    });
    fc.assert(
      fc.property(scores, (pairs) => {
        const a = pairs.map(([left]) => left);
        const b = pairs.map(([, right]) => right);
        const options = { seed: 1, resamples: 10 };
        expect(winRate(a, b, options).rate + winRate(b, a, options).rate).toBeCloseTo(1, 12);
      }),
    );
  });
});

describe('wilsonInterval', () => {
  it('agrees with a textbook value', () => {
    // Newcombe 1998: 81 of 263 gives 0.2553 to 0.3662.
    const { low, high } = wilsonInterval(81, 263);
    expect(low).toBeCloseTo(0.2553, 4);
    expect(high).toBeCloseTo(0.3662, 4);
  });

  it('is proper at the ends', () => {
    const none = wilsonInterval(0, 10);
    expect(none.low).toBe(0);
    expect(none.high).toBeCloseTo(0.2775, 4);
    expect(wilsonInterval(10, 10).high).toBe(1);
    expect(wilsonInterval(5, 10, 0.99).low).toBeLessThan(wilsonInterval(5, 10, 0.9).low);
  });

  it('refuses more successes than trials', () => {
    expect(() => wilsonInterval(3, 2)).toThrow(RangeError);
  });
});

describe('distinctN', () => {
  it('divides different n-grams by all n-grams of the corpus', () => {
    const texts = ['the cat the cat', 'the dog'];
    expect(distinctN(texts, 1)).toBeCloseTo(3 / 6, 12);
    expect(distinctN(texts, 2)).toBeCloseTo(3 / 4, 12);
    expect(distinctN(['one'], 2)).toBe(0);
  });
});
