// Generated from manifest.json by `npm run generate`.

export interface Params {
  /**
   * Tokens in all: 3 special ones, 256 bytes, and merges.
   */
  vocab_size: number;
  /**
   * How `text` is read: `records` uses every prompt and response, `text` the file as it is.
   */
  format: "records" | "text";
}
