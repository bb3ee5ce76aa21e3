import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RrhfInput, rankLoss, rrhf } from '../../stages/objectives/index.ts';

// Three candidates of 2, 4 and 1 tokens: p = -1, -0.5, -2.
const three = {
  tokenLogprobs: [[-0.5, -1.5], [-0.5, -0.5, -0.5, -0.5], [-2]],
  scores: [3, 1, 2],
};

describe('rrhf, as published', () => {
  it('computes equations 1 to 5 of a case done by hand', () => {
    const loss = rrhf(three);
    expect(loss.p).toEqual([-1, -0.5, -2]);
    expect(loss.best).toBe(0);
    // Violated: 1 below 0 (-0.5 over -1) and 1 below 2 (-0.5 over -2).
    expect(loss.rank).toBeCloseTo(0.5 + 1.5, 12);
    expect(loss.sft).toBeCloseTo(2, 12);
    expect(loss.total).toBeCloseTo(4, 12);
    expect(loss.gradient).toEqual([-1, 2, -1]);
    expect(loss.tokenGradient).toEqual([[-1 / 2 - 1, -1 / 2 - 1], [2 / 4, 2 / 4, 2 / 4, 2 / 4], [-1]]);
  });

  it('ranks nothing among equal scores and takes the first of several best', () => {
    const loss = rrhf({ tokenLogprobs: [[-1], [-2], [-3]], scores: [5, 5, 5] });
    expect(loss).toMatchObject({ best: 0, rank: 0, sft: 1, total: 1 });
    expect(loss.tokenGradient).toEqual([[-1], [0], [0]]);
    expect(rrhf({ tokenLogprobs: [[-1], [-2]], scores: [5, 5], ties: 'last' }).best).toBe(1);
  });

  it('counts a pair as satisfied when the two are equally likely', () => {
    expect(rankLoss([-1, -1], [0, 1])).toEqual({ rank: 0, gradient: [0, 0] });
  });

  it('weighs its two terms', () => {
    expect(rrhf({ ...three, weight: 10 }).total).toBeCloseTo(20 + 2, 12);
    expect(rrhf({ ...three, alpha: 0 }).total).toBeCloseTo(2, 12);
  });

  it('divides by length ** lengthPenalty', () => {
    expect(rrhf({ ...three, lengthPenalty: 0 }).p).toEqual([-2, -2, -2]);
    expect(rrhf({ ...three, lengthPenalty: 2 }).p).toEqual([-0.5, -0.125, -2]);
  });
});

describe('rrhf, as released', () => {
  it('divides every row, and the fine-tuning term, by query and longest response', () => {
    const loss = rrhf({ ...three, form: 'released', queryLength: 6 });
    // L = 6 + 4; all three rows sum to -2.
    expect(loss.p).toEqual([-0.2, -0.2, -0.2]);
    expect(loss.rank).toBe(0);
    expect(loss.sft).toBeCloseTo(0.2, 12);
  });

  it('lets a longer query weaken both terms alike', () => {
    const case_ = {
      tokenLogprobs: [
        [-1, -1],
        [-1, -3, -2],
      ],
      scores: [0, 1],
      form: 'released',
    } as const;
    const short = rrhf({ ...case_, queryLength: 1 });
    const long = rrhf({ ...case_, queryLength: 13 });
    expect(short.total).toBeCloseTo(4 * long.total, 12);
  });

  it('takes each difference by name', () => {
    const released = rrhf({ ...three, form: 'released', queryLength: 3 });
    const named = rrhf({ ...three, normalise: 'padded', sft: 'mean_padded', queryLength: 3 });
    expect(named).toEqual(released);
    expect(rrhf({ ...three, sft: 'mean_response' }).sft).toBeCloseTo(1, 12);
    expect(rrhf({ ...three, form: 'released', normalise: 'response', sft: 'sum' })).toEqual(rrhf(three));
  });
});

const ranking: fc.Arbitrary<RrhfInput> = fc
  .array(
    fc.record({
      row: fc.array(fc.double({ min: -8, max: -0.01, noNaN: true }), { minLength: 1, maxLength: 6 }),
      score: fc.integer({ min: -3, max: 3 }),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .chain((rows) =>
    fc.record({
      tokenLogprobs: fc.constant(rows.map(({ row }) => row)),
      scores: fc.constant(rows.map(({ score }) => score)),
      form: fc.constantFrom('paper', 'released'),
      queryLength: fc.nat(9),
      weight: fc.constantFrom(0, 1, 3),
      alpha: fc.constantFrom(0, 1, 2),
      lengthPenalty: fc.constantFrom(0, 1, 1.5),
      normalise: fc.constantFrom('response', 'padded'),
      sft: fc.constantFrom('sum', 'mean_response', 'mean_padded'),
    }),
  );

/** Pairs on the kink of max(0, .) have no derivative. */
function isSmooth({ p }: { p: readonly number[] }): boolean {
  return p.every((a, i) => p.every((b, j) => i === j || Math.abs(a - b) > 1e-3));
}

describe('rrhf, always', () => {
  it('has the derivative that central differences find', () => {
    fc.assert(
      fc.property(ranking, (input) => {
        const loss = rrhf(input);
        fc.pre(isSmooth(loss));
        const step = 1e-5;
        const nudged = (i: number, t: number, by: number): number =>
          rrhf({
            ...input,
            tokenLogprobs: input.tokenLogprobs.map((row, r) =>
              row.map((value, c) => (r === i && c === t ? value + by : value)),
            ),
          }).total;
        input.tokenLogprobs.forEach((row, i) => {
          row.forEach((_, t) => {
            const slope = (nudged(i, t, step) - nudged(i, t, -step)) / (2 * step);
            expect(loss.tokenGradient[i]?.[t]).toBeCloseTo(slope, 5);
          });
        });
      }),
    );
  });

  it('depends on the order of scores, not on their size', () => {
    fc.assert(
      fc.property(ranking, (input) => {
        expect(rrhf({ ...input, scores: input.scores.map((score) => 7 * score + 2) })).toEqual(rrhf(input));
      }),
    );
  });

  it('has a ranking gradient by p of whole numbers that sum to 0', () => {
    fc.assert(
      fc.property(ranking, (input) => {
        const { p, gradient } = rrhf(input);
        expect(gradient).toEqual(rankLoss(p, input.scores).gradient);
        expect(gradient.every(Number.isInteger)).toBe(true);
        expect(gradient.reduce((a, b) => a + b, 0)).toBe(0);
      }),
    );
  });
});

describe('rrhf, with bad input', () => {
  it.each([
    ['no candidates', { tokenLogprobs: [], scores: [] }, RangeError, 'scores must not be empty'],
    ['another number of scores', { tokenLogprobs: [[-1], [-2]], scores: [1] }, RangeError, 'run in parallel'],
    [
      'an empty response',
      { tokenLogprobs: [[-1], []], scores: [1, 2] },
      RangeError,
      'tokenLogprobs[1] must not be empty',
    ],
    [
      'a NaN',
      { tokenLogprobs: [[-1, Number.NaN]], scores: [1] },
      RangeError,
      'tokenLogprobs[0][1] must be finite, got NaN',
    ],
    [
      'an infinite score',
      { tokenLogprobs: [[-1]], scores: [-Infinity] },
      RangeError,
      'scores[0] must be finite',
    ],
    [
      'text for a number',
      { tokenLogprobs: [['-1']], scores: [1] },
      TypeError,
      'tokenLogprobs[0][0] must be a number',
    ],
    [
      'a row that is no array',
      { tokenLogprobs: [-1], scores: [1] },
      TypeError,
      'tokenLogprobs[0] must be an array',
    ],
    [
      'half a query token',
      { tokenLogprobs: [[-1]], scores: [1], queryLength: 0.5 },
      RangeError,
      'queryLength',
    ],
    ['an unknown form', { tokenLogprobs: [[-1]], scores: [1], form: 'draft' }, RangeError, 'form must be'],
    [
      'an unknown reduction',
      { tokenLogprobs: [[-1]], scores: [1], sft: 'max' },
      RangeError,
      'sft must be one of',
    ],
  ])('refuses %s', (_, input, type, message) => {
    expect(() => rrhf(input as unknown as RrhfInput)).toThrow(type);
    expect(() => rrhf(input as unknown as RrhfInput)).toThrow(message);
  });
});
