/** @file Checks and sums that the objectives share. Bad numbers throw: they are the caller's mistake, never data to guess about. */

/** Throws a TypeError or RangeError unless `values` is an array of finite numbers. */
export function requireFinite(name: string, values: readonly number[]): void {
  if (!Array.isArray(values) && !ArrayBuffer.isView(values))
    throw new TypeError(`${name} must be an array of numbers`);
  values.forEach((value, index) => {
    if (typeof value !== 'number')
      throw new TypeError(`${name}[${index}] must be a number, got ${typeof value}`);
    if (!Number.isFinite(value)) throw new RangeError(`${name}[${index}] must be finite, got ${value}`);
  });
}

/** As `requireFinite`, and at least one value. */
export function requireSome(name: string, values: readonly number[]): void {
  requireFinite(name, values);
  if (values.length === 0) throw new RangeError(`${name} must not be empty`);
}

export function requireSameLength(name: string, length: number, other: string, otherLength: number): void {
  if (length !== otherLength)
    throw new RangeError(
      `${name} has ${length} entries and ${other} has ${otherLength}; they must run in parallel`,
    );
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Arithmetic mean of at least one value. */
export function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

/** Middle value, or the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  requireSome('values', values);
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? 0) + upper) / 2;
}

/** `population` divides by n, `sample` by n - 1. */
export type Estimator = 'population' | 'sample';

/** Standard deviation; 0 for a single value under either estimator. */
export function standardDeviation(values: readonly number[], estimator: Estimator): number {
  requireSome('values', values);
  const centre = mean(values);
  const squares = sum(values.map((value) => (value - centre) ** 2));
  return Math.sqrt(squares / Math.max(1, estimator === 'sample' ? values.length - 1 : values.length));
}

/** log(1 / (1 + exp(-x))) without overflow at either end. */
export function logSigmoid(x: number): number {
  return Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)));
}

/** -0 as 0, so that results compare equal. */
export function unsigned(value: number): number {
  return value === 0 ? 0 : value;
}
