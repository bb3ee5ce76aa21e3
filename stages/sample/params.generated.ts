// Generated from manifest.json by `npm run generate`.

export interface Params {
  /**
   * How the next token is chosen; the beam strategies are deterministic.
   */
  strategy: "greedy" | "sample" | "beam" | "diverse-beam";
  /**
   * Responses a prompt and model; null: 1 for greedy, 4 for sample, all beams for beam, one a group for diverse-beam.
   */
  n: number | null;
  /**
   * Divides the logits; strategy `sample` only.
   */
  temperature: number;
  /**
   * Keep the k likeliest tokens; 0 is off; strategy `sample` only.
   */
  top_k: number;
  /**
   * Keep the likeliest tokens up to this probability mass; 1 is off; strategy `sample` only.
   */
  top_p: number;
  /**
   * Beams in all, for `beam` and `diverse-beam`; null: one a group, or `n` for `beam`.
   */
  beams: number | null;
  /**
   * Groups of beams for `diverse-beam`; `beams` is a multiple of it.
   */
  groups: number;
  /**
   * `diverse-beam`: a token costs this much for each earlier group that chose it at the same step.
   */
  diversity_penalty: number;
  /**
   * Finished beams are ranked by log-probability / length ** length_penalty.
   */
  length_penalty: number;
  /**
   * Longest response in tokens.
   */
  max_new_tokens: number;
  /**
   * EOS is not allowed before this many tokens.
   */
  min_new_tokens: number;
  /**
   * A response ends, and is cut, before the first of these strings.
   */
  stop: string[];
  /**
   * Sequences decoded together.
   */
  batch: number;
  /**
   * Longest query in tokens, BOS not counted.
   */
  max_query_tokens: number;
  /**
   * Which end of a longer query is cut off; `left` keeps its last tokens, `refuse` fails the stage.
   */
  truncate_query: "left" | "right" | "refuse";
  /**
   * Seed of every random choice of the stage.
   */
  seed: number;
}
