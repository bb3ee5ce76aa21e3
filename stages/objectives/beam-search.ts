import { advanceBeams, type BeamOptions, beamResults, type Hypothesis, startBeams } from './beams.ts';

/** log P(next token) over the vocabulary, after the given new tokens. */
export type NextToken = (tokens: readonly number[]) => ArrayLike<number>;

export type DiverseBeamOptions = Pick<BeamOptions, 'beams' | 'maxNewTokens' | 'eos'> & Partial<BeamOptions>;

/**
 * Diverse beam search over a next-token function (the algorithm is stated at `advanceBeams`). With one beam a group it is
 * greedy per group, each token's score lowered by `diversityPenalty` for every earlier group that chose it at this step.
 * Defaults: groups = beams, diversityPenalty 1, lengthPenalty 1, minNewTokens 0. Gives `beams` hypotheses, group by group.
 */
export function diverseBeamSearch(next: NextToken, options: DiverseBeamOptions): Hypothesis[] {
  const full: BeamOptions = {
    groups: options.beams,
    diversityPenalty: 1,
    lengthPenalty: 1,
    minNewTokens: 0,
    ...options,
  };
  if (!Number.isInteger(full.maxNewTokens) || full.maxNewTokens < 1)
    throw new RangeError(`maxNewTokens must be at least 1, got ${full.maxNewTokens}`);
  let state = startBeams(full);
  while (state.live.length > 0) {
    const logprobs = state.live.map((beam) => next(beam.tokens));
    state = advanceBeams(state, logprobs, full);
  }
  return beamResults(state, full);
}

/** Beam search: one group, no penalty; best hypothesis first. */
export function beamSearch(next: NextToken, options: DiverseBeamOptions): Hypothesis[] {
  return diverseBeamSearch(next, { ...options, groups: 1, diversityPenalty: 0 });
}
