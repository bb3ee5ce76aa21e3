/** @file Summaries of repeated timings: medians, because machines are shared. */

export interface Summary {
  readonly n: number;
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Median of a non-empty list; the mean of the middle two where the count is even. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error('Internal error: the median of nothing');
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? 0) + upper) / 2;
}

export function summary(values: readonly number[]): Summary {
  return { n: values.length, median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** `digits` significant digits, for numbers that people read. */
export const rounded = (value: number, digits = 3): number => Number(value.toPrecision(digits));

export function roundedSummary(values: readonly number[]): Summary {
  const { n, median: middle, min, max } = summary(values);
  return { n, median: rounded(middle), min: rounded(min), max: rounded(max) };
}
