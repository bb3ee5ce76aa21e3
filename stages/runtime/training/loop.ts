/** @file The loop that every training kind shares: epochs of bucketed batches, schedule, progress, and the refusal to go on from NaN. */
import { err, ok, type Result } from '../../../base/result.ts';
import type { Context } from '../../protocol/context.ts';
import type { Failure } from '../../protocol/failure.ts';
import type { Sequence } from '../onnx/api.ts';
import type { AdamWOptions } from '../onnx/train/adamw.ts';
import { type MicroBatch, paddedLength } from '../onnx/train/batch.ts';
import type { StepResult, Trainer } from '../onnx/train/trainer.ts';
import { planBatches, splitBatch } from './batches.ts';
import { learningRate, type Schedule } from './schedule.ts';

/** The parameters that every training kind has under these names. */
export interface TrainingParams {
  readonly epochs: number;
  /** Items per optimiser step: demonstrations, pairs, or queries. */
  readonly batch: number;
  /** Largest number of padded tokens in one forward pass; a batch above it is accumulated. */
  readonly micro_tokens: number;
  readonly lr: number;
  readonly schedule: Schedule;
  readonly warmup_ratio: number;
  readonly weight_decay: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly clip_norm: number;
}

/** What is trained on together: one demonstration, the two sides of a pair, all responses of a query. */
export interface Item {
  readonly sequences: readonly Sequence[];
}

export interface TrainingSummary {
  readonly steps: number;
  readonly items: number;
  /** Tokens read, padding excluded, over all epochs. */
  readonly tokens: number;
  /** Share of padding in what the model read. */
  readonly padding: number;
  /** Mean over the first and the last tenth of the steps. */
  readonly loss: { readonly first: number; readonly last: number };
}

export interface Training<T extends Item> {
  readonly ctx: Context<unknown>;
  readonly params: TrainingParams;
  readonly trainer: Trainer;
  readonly items: readonly T[];
  /** Feeds of one micro-batch; `batch` is the whole batch, whose size is in the reduction. */
  readonly collate: (micro: readonly T[], batch: readonly T[]) => MicroBatch;
  /** Further curves, from the outputs of one step. */
  readonly metrics?: (
    step: StepResult,
    micros: readonly (readonly T[])[],
  ) => { readonly [name: string]: number };
}

export function adamwOptions(params: TrainingParams): AdamWOptions {
  return {
    beta1: params.beta1,
    beta2: params.beta2,
    epsilon: params.epsilon,
    weightDecay: params.weight_decay,
    clipNorm: params.clip_norm,
  };
}

function longest(item: Item): number {
  return paddedLength(item.sequences);
}

export async function train<T extends Item>({
  ctx,
  params,
  trainer,
  items,
  collate,
  metrics,
}: Training<T>): Promise<Result<TrainingSummary, Failure>> {
  const lengths = items.map(longest);
  const total = params.epochs * Math.ceil(items.length / params.batch);
  const losses: number[] = [];
  let tokens = 0;
  let padded = 0;
  for (let epoch = 0; epoch < params.epochs; epoch++) {
    for (const indices of planBatches(lengths, params.batch, ctx.random(`epoch ${epoch}`))) {
      if (ctx.signal.aborted)
        return err({
          code: 'cancelled',
          message: `Training was stopped after ${losses.length} of ${total} steps.`,
        });
      const batch = indices.map((i) => items[i] as T);
      const micros = splitBatch(
        batch,
        (item) => ({ sequences: item.sequences.length, longest: longest(item) }),
        params.micro_tokens,
      );
      const lr = learningRate(losses.length, total, params.lr, params.schedule, params.warmup_ratio);
      const result = await trainer.step(
        micros.map((micro) => collate(micro, batch)),
        lr,
      );
      const step = losses.push(result.loss);
      if (!Number.isFinite(result.loss) || !Number.isFinite(result.norm))
        return err(diverged(step, total, result, lr));
      for (const micro of micros) {
        const counts = micro.flatMap(({ sequences }) =>
          sequences.map(({ query, response }) => query.length + response.length),
        );
        tokens += counts.reduce((a, b) => a + b, 0);
        padded += counts.length * Math.max(...counts);
      }
      const shown = { loss: result.loss, ...metrics?.(result, micros) };
      for (const [name, value] of Object.entries({ ...shown, grad_norm: result.norm, lr }))
        ctx.metric(name, value, step);
      ctx.progress({ step, total, unit: 'steps', metrics: shown });
    }
  }
  return ok({ steps: total, items: items.length, tokens, padding: 1 - tokens / padded, loss: ends(losses) });
}

function diverged(step: number, total: number, { loss, norm }: StepResult, lr: number): Failure {
  return {
    code: 'loss-not-finite',
    message: `At step ${step} of ${total} the loss is ${loss} and the norm of its gradient ${norm}; no model was stored.`,
    hint: `Lower lr (${lr.toExponential(1)} at this step), raise warmup_ratio, or set clip_norm.`,
  };
}

function ends(losses: readonly number[]): { first: number; last: number } {
  const tenth = Math.max(1, Math.floor(losses.length / 10));
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  return { first: mean(losses.slice(0, tenth)), last: mean(losses.slice(-tenth)) };
}
