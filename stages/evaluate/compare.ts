/** @file Rewards of a series, alone and against the baseline. The prompt is the unit of every interval: seeds are averaged within it. */
import {
  type BootstrapInterval,
  type BootstrapOptions,
  bootstrapInterval,
  outcome,
} from '../objectives/intervals.ts';
import { mean, median, standardDeviation } from '../objectives/numbers.ts';
import { type Judged, type Series, seedOf } from './entries.ts';

export interface Reward extends BootstrapInterval {
  readonly median: number;
  /** Standard deviation (n - 1) of the seeds' means; null for a single one. The interval does not hold it. */
  readonly seed_std: number | null;
}

export interface Comparison {
  /** Paired difference of rewards, series less baseline. */
  readonly difference: BootstrapInterval;
  readonly win_rate: WinRate;
}

/** Share of comparisons won, a tie being half a win. Counts are over prompts and seeds, `n` is prompts. */
interface WinRate {
  readonly rate: number;
  readonly low: number;
  readonly high: number;
  readonly n: number;
  readonly wins: number;
  readonly ties: number;
  readonly losses: number;
}

export function rewardOf(series: Series, judge: string, bootstrap: BootstrapOptions): Reward {
  const bySeed = series.members.map((entry) => rewardsBy(entry, judge));
  const means = bySeed.map(mean);
  return {
    ...bootstrapInterval(acrossSeeds(bySeed), bootstrap),
    median: median(bySeed.flat()),
    seed_std: means.length < 2 ? null : standardDeviation(means, 'sample'),
  };
}

/** Series against baseline on the same prompts, seed against the same seed where both have it, else against every one. */
export function compareWith(
  baseline: Series,
  series: Series,
  judge: string,
  bootstrap: BootstrapOptions,
): Comparison {
  const matches = series.members.flatMap((member) =>
    rivals(baseline.members, member).map(
      (rival) => [rewardsBy(member, judge), rewardsBy(rival, judge)] as const,
    ),
  );
  const differences = matches.map(([own, other]) => own.map((reward, i) => reward - (other[i] as number)));
  const outcomes = matches.map(([own, other]) => own.map((reward, i) => outcome(reward, other[i] as number)));
  const count = (value: number): number => outcomes.flat().filter((o) => o === value).length;
  const { mean: rate, low, high, n } = bootstrapInterval(acrossSeeds(outcomes), bootstrap);
  return {
    difference: bootstrapInterval(acrossSeeds(differences), bootstrap),
    win_rate: { rate, low, high, n, wins: count(1), ties: count(0.5), losses: count(0) },
  };
}

function rivals(baseline: readonly Judged[], member: Judged): readonly Judged[] {
  const same = baseline.filter((rival) => seedOf(rival.label) === seedOf(member.label));
  return same.length > 0 ? same : baseline;
}

function rewardsBy(entry: Judged, judge: string): readonly number[] {
  const rewards = entry.rewards[judge];
  if (rewards === undefined) throw new Error(`Internal error: ${entry.label} was not scored by ${judge}`);
  return rewards;
}

/** Mean over the rows of each column: one value a prompt. */
function acrossSeeds(rows: readonly (readonly number[])[]): number[] {
  return (rows[0] ?? []).map((_, i) => mean(rows.map((row) => row[i] as number)));
}
