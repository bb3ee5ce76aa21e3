/** @file Bradley-Terry reward modelling with the norm penalty of Safe RLHF (arXiv 2310.12773). */
import { logSigmoid, mean, requireFinite, requireSameLength, requireSome } from './numbers.ts';

export interface RewardModelInput {
  /** R(x, y) of the preferred response, one a pair. */
  readonly chosen: readonly number[];
  readonly rejected: readonly number[];
  /** mu, factor of the norm penalty. Default 0; Safe RLHF uses 0.001. */
  readonly regularization?: number;
}

export interface RewardModelLoss {
  /** mean(-log sigmoid(chosen - rejected)) + mu * (mean of the squares of all 2B rewards). */
  readonly loss: number;
  /** Share of pairs with chosen > rejected; a tie counts as wrong. */
  readonly accuracy: number;
}

/** Loss and accuracy of B pairs. Throws a TypeError or RangeError for rewards that are missing or not finite. */
export function rewardModel(input: RewardModelInput): RewardModelLoss {
  const { chosen, rejected, regularization = 0 } = input;
  requireSome('chosen', chosen);
  requireFinite('rejected', rejected);
  requireFinite('[regularization]', [regularization]);
  requireSameLength('chosen', chosen.length, 'rejected', rejected.length);

  const margins = chosen.map((reward, i) => reward - (rejected[i] ?? 0));
  const squares = [...chosen, ...rejected].map((reward) => reward ** 2);
  return {
    loss: mean(margins.map((margin) => -logSigmoid(margin))) + regularization * mean(squares),
    accuracy: margins.filter((margin) => margin > 0).length / margins.length,
  };
}
