export type Schedule = 'constant' | 'linear' | 'cosine';

/** Factor of the peak rate after warm-up; `x` runs from 0 to 1 over the steps left. */
const shapes: { readonly [S in Schedule]: (x: number) => number } = {
  constant: () => 1,
  linear: (x) => 1 - x,
  cosine: (x) => 0.5 * (1 + Math.cos(Math.PI * x)),
};

/**
 * Learning rate of step 0 .. total-1: linear warm-up over ceil(total * warmupRatio) steps, then the schedule down to 0 at `total`
 * (as Hugging Face's get_linear_schedule_with_warmup and get_cosine_schedule_with_warmup).
 */
export function learningRate(
  step: number,
  total: number,
  peak: number,
  schedule: Schedule,
  warmupRatio: number,
): number {
  const warmup = Math.ceil(total * warmupRatio);
  if (step < warmup) return (peak * (step + 1)) / warmup;
  return peak * shapes[schedule]((step - warmup) / Math.max(1, total - warmup));
}
