import { type Estimator, mean, requireSome, standardDeviation } from './numbers.ts';

export interface SamplingStatistics {
  /** Mean of all training-sample scores. */
  readonly mean: number;
  /** Standard deviation of all training-sample scores. The paper prints a "standard error" and does not define it. */
  readonly std: number;
  /** Mean over queries of the best score: what RRHF's reward should come near to (equation 7). */
  readonly max: number;
  readonly queries: number;
  readonly scores: number;
  readonly estimator: Estimator;
}

/** Mean, Std. and Max of Table 6 of the RRHF paper; one row of scores a query. `std` divides by n unless told `sample`. */
export function samplingStatistics(
  scores: readonly (readonly number[])[],
  estimator: Estimator = 'population',
): SamplingStatistics {
  if (scores.length === 0) throw new RangeError('scores must not be empty');
  scores.forEach((row, i) => {
    requireSome(`scores[${i}]`, row);
  });
  const all = scores.flat();
  return {
    mean: mean(all),
    std: standardDeviation(all, estimator),
    max: mean(scores.map((row) => Math.max(...row))),
    queries: scores.length,
    scores: all.length,
    estimator,
  };
}
