import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beamSearch, diverseBeamSearch, type NextToken, startBeams } from '../../stages/objectives/index.ts';
import { randomStream } from '../../stages/runtime/random.ts';

const eos = 0;

/** A fixed random language: the distribution after a prefix follows from the seed and the prefix. */
function language(seed: number, vocabulary: number): NextToken {
  return (tokens) => {
    const random = randomStream('language', seed, tokens.join(','));
    const logits = Array.from({ length: vocabulary }, () => 2 * random.normal());
    const top = Math.max(...logits);
    const norm = top + Math.log(logits.reduce((total, logit) => total + Math.exp(logit - top), 0));
    return logits.map((logit) => logit - norm);
  };
}

/** The same distribution after every prefix. */
function constant(probabilities: readonly number[]): NextToken {
  return () => probabilities.map(Math.log);
}

/** Every sequence of at most `length` tokens with its log-probability; EOS ends one. */
function everySequence(
  next: NextToken,
  length: number,
  tokens: number[] = [],
  sum = 0,
): { tokens: number[]; sum: number }[] {
  const row = next(tokens);
  return Array.from({ length: row.length }, (_, token) => {
    const total = sum + (row[token] as number);
    if (token === eos) return [{ tokens, sum: total }];
    const longer = [...tokens, token];
    return longer.length === length
      ? [{ tokens: longer, sum: total }]
      : everySequence(next, length, longer, total);
  }).flat();
}

function greedy(next: NextToken, length: number): number[] {
  const tokens: number[] = [];
  while (tokens.length < length) {
    const row = Array.from(next(tokens));
    const token = row.indexOf(Math.max(...row));
    if (token === eos) break;
    tokens.push(token);
  }
  return tokens;
}

describe('beamSearch', () => {
  it('with one beam is greedy', () => {
    fc.assert(
      fc.property(fc.nat(999), (seed) => {
        const next = language(seed, 6);
        const [only] = beamSearch(next, { beams: 1, maxNewTokens: 8, eos });
        expect(only?.tokens).toEqual(greedy(next, 8));
      }),
    );
  });

  it('wide enough to hold everything finds the likeliest sequences in order', () => {
    fc.assert(
      fc.property(fc.nat(999), (seed) => {
        const next = language(seed, 3);
        const all = everySequence(next, 3).toSorted((a, b) => b.sum - a.sum);
        const found = beamSearch(next, { beams: all.length, maxNewTokens: 3, eos, lengthPenalty: 0 });
        expect(found.map(({ tokens }) => tokens)).toEqual(all.map(({ tokens }) => tokens));
        found.forEach(({ sum }, i) => {
          expect(sum).toBeCloseTo(all[i]?.sum as number, 10);
        });
      }),
      { numRuns: 30 },
    );
  });

  it('ranks by log-probability over length ** lengthPenalty, EOS counted', () => {
    const next: NextToken = (tokens) => (tokens.length === 0 ? [0.4, 0.6] : [0.5, 0.5]).map(Math.log);
    const options = { beams: 2, maxNewTokens: 2, eos };
    const short = beamSearch(next, { ...options, lengthPenalty: 0 });
    expect(short.map(({ tokens, finish }) => [tokens, finish])).toEqual([
      [[], 'eos'],
      [[1], 'eos'],
    ]);
    const long = beamSearch(next, { ...options, lengthPenalty: 1 });
    expect(long[0]).toMatchObject({ tokens: [1], finish: 'eos' });
    expect(long[0]?.score).toBeCloseTo(Math.log(0.3) / 2, 12);
    expect(long[0]?.logprobs).toHaveLength(2);
  });

  it('bars EOS before minNewTokens and ends at maxNewTokens', () => {
    const next = constant([0.9, 0.06, 0.04]);
    expect(beamSearch(next, { beams: 1, maxNewTokens: 5, minNewTokens: 2, eos })[0]).toMatchObject({
      tokens: [1, 1],
      finish: 'eos',
    });
    expect(beamSearch(next, { beams: 1, maxNewTokens: 2, minNewTokens: 9, eos })[0]).toMatchObject({
      tokens: [1, 1],
      finish: 'length',
    });
  });

  it('ends a beam that met a stop', () => {
    const [only] = beamSearch(constant([0.1, 0.2, 0.7]), {
      beams: 1,
      maxNewTokens: 9,
      eos,
      stopped: (tokens) => tokens.length === 3,
    });
    expect(only).toMatchObject({ tokens: [2, 2, 2], finish: 'stop' });
  });

  it('gives ties to the lowest token id', () => {
    const found = beamSearch(constant([0.1, 0.3, 0.3, 0.3]), { beams: 2, maxNewTokens: 1, eos });
    expect(found.map(({ tokens }) => tokens)).toEqual([[1], [2]]);
  });
});

describe('diverseBeamSearch', () => {
  it('lowers a token by the penalty for every earlier group that chose it at this step', () => {
    const next = constant([0.01, 0.6, 0.25, 0.14]);
    const options = { beams: 4, maxNewTokens: 1, eos };
    const chosen = (diversityPenalty: number): number[][] =>
      diverseBeamSearch(next, { ...options, diversityPenalty }).map(({ tokens }) => [...tokens]);
    expect(chosen(0)).toEqual([[1], [1], [1], [1]]);
    // ln 0.6 - 1 = -1.51 < ln 0.25 = -1.39 ; then ln 0.14 = -1.97 < ln 0.6 - 1 = -1.51.
    expect(chosen(1)).toEqual([[1], [2], [1], [3]]);
  });

  it('keeps true log-probabilities: the penalty chooses, it is not part of the sum', () => {
    const [, second] = diverseBeamSearch(constant([0.01, 0.6, 0.39]), { beams: 2, maxNewTokens: 1, eos });
    expect(second?.sum).toBeCloseTo(Math.log(0.39), 12);
    // Too weak to change the choice: the penalised token still weighs what the model gave it.
    const weak = { beams: 2, maxNewTokens: 2, eos, diversityPenalty: 0.1 };
    const [, again] = diverseBeamSearch(constant([0.01, 0.6, 0.39]), weak);
    expect(again?.tokens).toEqual([1, 1]);
    expect(again?.sum).toBeCloseTo(2 * Math.log(0.6), 12);
    expect(again?.score).toBeCloseTo(Math.log(0.6), 12);
  });

  it('counts a group once, however many of its beams chose the token', () => {
    const options = { beams: 4, groups: 2, maxNewTokens: 2, eos, diversityPenalty: 0.3 };
    const found = diverseBeamSearch(constant([0.005, 0.55, 0.44, 0.005]), options);
    // At the second step both beams of the first group take token 1, which costs the second group 0.3, not 0.6.
    expect(found.map(({ group, tokens }) => [group, tokens])).toEqual([
      [0, [1, 1]],
      [1, [1, 1]],
      [0, [2, 1]],
      [1, [1, 2]],
    ]);
  });

  it('without a penalty repeats beam search in every group', () => {
    fc.assert(
      fc.property(fc.nat(999), (seed) => {
        const next = language(seed, 5);
        const options = { maxNewTokens: 4, eos };
        const single = beamSearch(next, { ...options, beams: 2 });
        const grouped = diverseBeamSearch(next, { ...options, beams: 6, groups: 3, diversityPenalty: 0 });
        expect(grouped.map(({ tokens }) => tokens)).toEqual(
          single.flatMap(({ tokens }) => [tokens, tokens, tokens]),
        );
      }),
      { numRuns: 30 },
    );
  });

  it('gives its first group what it would have alone, and every group as many as it has beams', () => {
    fc.assert(
      fc.property(fc.nat(999), (seed) => {
        const next = language(seed, 7);
        const options = { beams: 4, maxNewTokens: 6, eos };
        const found = diverseBeamSearch(next, options);
        expect(found.map(({ group }) => group)).toEqual([0, 1, 2, 3]);
        expect(found[0]?.tokens).toEqual(greedy(next, 6));
        expect(found).toEqual(diverseBeamSearch(next, options));
      }),
      { numRuns: 30 },
    );
  });

  it('refuses beams that do not divide into groups, and NaN', () => {
    const options = { beams: 3, groups: 2, maxNewTokens: 1, eos };
    expect(() => diverseBeamSearch(constant([1]), options)).toThrow('multiple of groups');
    expect(() => diverseBeamSearch(constant([1]), { ...options, groups: 3, diversityPenalty: -1 })).toThrow(
      'negative',
    );
    expect(() => beamSearch(() => [Number.NaN], { beams: 1, maxNewTokens: 1, eos })).toThrow('NaN');
    expect(() =>
      startBeams({ ...options, beams: 0, diversityPenalty: 0, lengthPenalty: 1, minNewTokens: 0 }),
    ).toThrow();
  });
});
