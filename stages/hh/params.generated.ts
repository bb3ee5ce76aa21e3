// Generated from manifest.json by `npm run generate`.

export interface Params {
  /**
   * Share of the prompts that goes to `test`; rows of one prompt stay together.
   */
  test: number;
  /**
   * Use this many good rows, drawn by the seed; null: all.
   */
  limit: number | null;
  /**
   * Largest share of bad rows before the stage fails.
   */
  max_rejects: number;
  /**
   * Seed of every random choice of the stage.
   */
  seed: number;
}
