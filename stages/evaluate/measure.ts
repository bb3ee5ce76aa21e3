/** @file Everything in `metrics.json`, from judged entries: pure. */
import { distinctN, words } from '../objectives/distinct.ts';
import { type BootstrapOptions, wilsonInterval } from '../objectives/intervals.ts';
import { mean } from '../objectives/numbers.ts';
import { perplexity } from '../objectives/perplexity.ts';
import type { SamplingStatistics } from '../objectives/sampling-statistics.ts';
import type { Response } from '../runtime/record-types.ts';
import { type Comparison, compareWith, type Reward, rewardOf } from './compare.ts';
import { type EntryKind, type Judged, type Series, seriesOf } from './entries.ts';

export interface Judgement {
  readonly reward: Reward;
  /** Null without a baseline, and for the baseline itself and its seeds. */
  readonly against_baseline: Comparison | null;
}

export interface RowMetrics extends Judgement {
  readonly kind: EntryKind | 'pooled';
  /** Models behind the row; above 1 for a pooled one. */
  readonly models: number;
  /** Responses behind the row. */
  readonly n: number;
  /** The same under each independent judge. */
  readonly judges: { readonly [judge: string]: Judgement };
  /** Null without a perplexity model; a number is null where it overflows. */
  readonly perplexity: {
    readonly corpus: number | null;
    readonly mean_of_samples: number | null;
    readonly samples: number;
    readonly tokens: number;
  } | null;
  readonly distinct_1: number;
  readonly distinct_2: number;
  /** Means; tokens by the sampler's own tokenizer, by the judge's for references. */
  readonly length: { readonly tokens: number; readonly words: number };
  readonly finish: { readonly [finish in Response['finish']]: number };
}

/** Share of pairs where a judge scores chosen above rejected; a tie is wrong. */
export interface Accuracy {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly correct: number;
  readonly n: number;
}

export interface Metrics {
  readonly schema: 'warren/evaluate/1';
  readonly prompts: number;
  readonly baseline: string | null;
  readonly level: number;
  readonly rows: { readonly [label: string]: RowMetrics };
  /** By judge; empty when the prompts are not pairs. */
  readonly accuracy: { readonly [judge: string]: Accuracy };
  /** Table 6 of the RRHF paper: scores of the training samples, by label. */
  readonly training: { readonly [label: string]: SamplingStatistics };
}

export interface Evidence {
  readonly prompts: number;
  /** In the order of the table. */
  readonly entries: readonly Judged[];
  /** Names of the judges, `judge` first. */
  readonly judges: readonly string[];
  /** Label of a series, or null. */
  readonly baseline: string | null;
  readonly accuracy: Metrics['accuracy'];
  readonly training: Metrics['training'];
  readonly bootstrap: BootstrapOptions & { readonly level: number };
}

export function measure(evidence: Evidence): Metrics {
  const { prompts, baseline, accuracy, training, bootstrap } = evidence;
  const all = seriesOf(evidence.entries);
  const base = all.find((series) => series.label === baseline) ?? null;
  const rows = all.map((series) => [series.label, rowOf(series, base, evidence)] as const);
  return {
    schema: 'warren/evaluate/1',
    prompts,
    baseline,
    level: bootstrap.level,
    rows: Object.fromEntries(rows),
    accuracy,
    training,
  };
}

function rowOf(series: Series, base: Series | null, evidence: Evidence): RowMetrics {
  const { members, kind } = series;
  const judgement = (judge: string): Judgement => ({
    reward: rewardOf(series, judge, evidence.bootstrap),
    against_baseline:
      base === null || members.every((entry) => base.members.includes(entry))
        ? null
        : compareWith(base, series, judge, evidence.bootstrap),
  });
  const [judge = 'judge', ...others] = evidence.judges;
  const rows = members.flatMap((entry) => entry.rows);
  const count = (finish: Response['finish']): number => rows.filter((row) => row.finish === finish).length;
  // distinct-n falls with the size of the corpus, so seeds are averaged, not thrown together.
  const distinct = (n: number): number =>
    mean(
      members.map((entry) =>
        distinctN(
          entry.rows.map((row) => row.response),
          n,
        ),
      ),
    );
  return {
    kind,
    models: members.length,
    n: rows.length,
    ...judgement(judge),
    judges: Object.fromEntries(others.map((other) => [other, judgement(other)])),
    perplexity: perplexityOf(members),
    distinct_1: distinct(1),
    distinct_2: distinct(2),
    length: {
      tokens: mean(rows.map((row) => row.tokens)),
      words: mean(rows.map((row) => words(row.response).length)),
    },
    finish: { eos: count('eos'), stop: count('stop'), length: count('length'), given: count('given') },
  };
}

function perplexityOf(members: readonly Judged[]): RowMetrics['perplexity'] {
  if (members.some((entry) => entry.logprobs === null)) return null;
  const { corpus, meanOfSamples, samples, tokens } = perplexity(
    members.flatMap((entry) => entry.logprobs ?? []),
  );
  const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return { corpus: finite(corpus), mean_of_samples: finite(meanOfSamples), samples, tokens };
}

/** Accuracy of a judge on pairs, with Wilson's interval. */
export function accuracyOf(chosen: readonly number[], rejected: readonly number[], level: number): Accuracy {
  const n = chosen.length;
  const correct = chosen.filter((reward, i) => reward > (rejected[i] as number)).length;
  return { value: correct / n, ...wilsonInterval(correct, n, level), correct, n };
}
