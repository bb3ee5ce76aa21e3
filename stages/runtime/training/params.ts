import type { AdamWOptions } from '../onnx/train/adamw.ts';
import type { Schedule } from './schedule.ts';

/** The parameters that every training kind has under these names. */
export interface TrainingParams {
  readonly epochs: number;
  /** Stops after this step of the schedule; null: at its end. */
  readonly stop_at: number | null;
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

export function adamwOptions(params: TrainingParams): AdamWOptions {
  return {
    beta1: params.beta1,
    beta2: params.beta2,
    epsilon: params.epsilon,
    weightDecay: params.weight_decay,
    clipNorm: params.clip_norm,
  };
}
