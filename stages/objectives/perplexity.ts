import { mean, requireSome, sum } from './numbers.ts';

export interface Perplexity {
  /** exp(-(sum of all token log-probabilities) / (number of tokens)): long samples weigh more. */
  readonly corpus: number;
  /** Mean over samples of each sample's own perplexity: every sample weighs the same, one bad sample shows. */
  readonly meanOfSamples: number;
  readonly samples: number;
  readonly tokens: number;
}

/** Both usual perplexities; one row of natural-log token probabilities a sample. Papers often do not say which one they print. */
export function perplexity(tokenLogprobs: readonly (readonly number[])[]): Perplexity {
  if (tokenLogprobs.length === 0) throw new RangeError('tokenLogprobs must not be empty');
  tokenLogprobs.forEach((row, i) => {
    requireSome(`tokenLogprobs[${i}]`, row);
  });
  const tokens = sum(tokenLogprobs.map((row) => row.length));
  return {
    corpus: Math.exp(-sum(tokenLogprobs.map(sum)) / tokens),
    meanOfSamples: mean(tokenLogprobs.map((row) => Math.exp(-mean(row)))),
    samples: tokenLogprobs.length,
    tokens,
  };
}
