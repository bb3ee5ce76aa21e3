/** @file `warren/objectives`: every objective and metric as a pure function on plain arrays. */
export { beamSearch, type DiverseBeamOptions, diverseBeamSearch, type NextToken } from './beam-search.ts';
export {
  advanceBeams,
  type Beam,
  type BeamOptions,
  type BeamState,
  beamResults,
  type Hypothesis,
  startBeams,
} from './beams.ts';
export { distinctN, words } from './distinct.ts';
export {
  type BootstrapInterval,
  type BootstrapOptions,
  bootstrapInterval,
  type Interval,
  outcome,
  type WinRate,
  wilsonInterval,
  winRate,
} from './intervals.ts';
export { type Estimator, logSigmoid, mean, median, standardDeviation } from './numbers.ts';
export { type Perplexity, perplexity } from './perplexity.ts';
export { type RewardModelInput, type RewardModelLoss, rewardModel } from './reward-model.ts';
export { type RrhfInput, type RrhfLoss, type RrhfTerms, rankLoss, rrhf, rrhfTerms } from './rrhf.ts';
export { type SamplingStatistics, samplingStatistics } from './sampling-statistics.ts';
export { type Cut, cutAtStop } from './stop.ts';
export {
  type SplitPair,
  type SplitTranscript,
  splitPair,
  splitTranscript,
  type TranscriptError,
  type TranscriptFault,
} from './transcript.ts';
