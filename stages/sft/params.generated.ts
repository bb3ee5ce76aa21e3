// Generated from manifest.json by `npm run generate`.

export interface Params {
  /**
   * A fresh Llama, where no `model` is given; the names are those of Hugging Face's LlamaConfig.
   */
  architecture: {
    /**
     * Width.
     */
    hidden_size: number;
    /**
     * Width of the SwiGLU layer.
     */
    intermediate_size: number;
    /**
     * Layers.
     */
    num_hidden_layers: number;
    /**
     * Query heads; divides hidden_size into heads of even width.
     */
    num_attention_heads: number;
    /**
     * Key and value heads; divides the query heads.
     */
    num_key_value_heads: number;
    /**
     * Longest sequence in tokens.
     */
    max_position_embeddings: number;
    /**
     * Epsilon of the norms.
     */
    rms_norm_eps: number;
    /**
     * Base of the rotary positions.
     */
    rope_theta: number;
    /**
     * Whether the output matrix is the embedding.
     */
    tie_word_embeddings: boolean;
    /**
     * Biases on the attention projections.
     */
    attention_bias: boolean;
  } | null;
  /**
   * The field that is imitated: pairs have chosen and rejected, demonstrations have response.
   */
  field: "response" | "chosen" | "rejected";
  /**
   * Which tokens are trained: the response, or all (language modelling of the whole text).
   */
  loss_on: "response" | "all";
  /**
   * Mean over all trained tokens of the batch, or mean over rows of each row's mean.
   */
  reduction: "mean_tokens" | "mean_rows";
  /**
   * Passes over the data.
   */
  epochs: number;
  /**
   * Stop after this step of the schedule; null: at its end. The length of the schedule is that of `epochs`.
   */
  stop_at: number | null;
  /**
   * Demonstrations per optimiser step.
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
