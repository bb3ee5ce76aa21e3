// Generated from manifest.json by `npm run generate`.

export interface Params {
  /**
   * `paper`: normalise response, sft sum (eqs. 1-5). `released`: normalise padded, sft mean_padded, as the published train.py computes.
   */
  form: "paper" | "released";
  /**
   * Length that p divides by: the response's own, or the padded row. Null: as `form` says.
   */
  normalise: "response" | "padded" | null;
  /**
   * Reduction of the fine-tuning term over the best response. Null: as `form` says.
   */
  sft: "sum" | "mean_response" | "mean_padded" | null;
  /**
   * Factor of the ranking term; the paper and the released scripts use 1, the released code's own default is 100.
   */
  weight: number;
  /**
   * Factor of the fine-tuning term; 0 ranks only.
   */
  alpha: number;
  /**
   * p divides by length ** length_penalty.
   */
  length_penalty: number;
  /**
   * Which of several best scores is imitated.
   */
  ties: "first" | "last";
  /**
   * Passes over the data.
   */
  epochs: number;
  /**
   * Stop after this step of the schedule; null: at its end. The length of the schedule is that of `epochs`.
   */
  stop_at: number | null;
  /**
   * Queries per optimiser step.
   */
  batch: number;
  /**
   * Largest number of padded tokens in one forward pass; a batch above it is accumulated.
   */
  micro_tokens: number;
  /**
   * Peak learning rate.
   */
  lr: number;
  /**
   * Learning rate after warm-up; linear and cosine end at 0.
   */
  schedule: "constant" | "linear" | "cosine";
  /**
   * Share of the steps with a linearly growing learning rate.
   */
  warmup_ratio: number;
  /**
   * Decoupled decay of the matrices; norms and biases are not decayed.
   */
  weight_decay: number;
  /**
   * AdamW, first moment.
   */
  beta1: number;
  /**
   * AdamW, second moment.
   */
  beta2: number;
  /**
   * AdamW, added to the root of the second moment.
   */
  epsilon: number;
  /**
   * Largest global norm of the gradient; 0 turns clipping off.
   */
  clip_norm: number;
  /**
   * Seed of everything random in the stage.
   */
  seed: number;
  /**
   * Longest query in tokens, BOS not counted.
   */
  max_query_tokens: number;
  /**
   * The end of a longer query that is cut off: `left` keeps its last tokens; `refuse` fails.
   */
  truncate_query: "left" | "right" | "refuse";
  /**
   * Longest response in tokens, EOS not counted; a longer one is cut and has no EOS.
   */
  max_response_tokens: number;
}
