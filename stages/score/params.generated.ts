// Generated from manifest.json by `npm run generate`.

export interface Params {
  /**
   * `reward`: sequence-classification score of query, response and EOS. `logprob`: mean log-probability of the response tokens. `command`: a program of yours.
   */
  by: "reward" | "logprob" | "command";
  /**
   * For by: command. A list is argv, a string is run by /bin/sh. It reads {id, prompt, response} lines and prints one {score} line for each, in order.
   */
  command: null | string | string[];
  /**
   * Name written beside each score; null: the value of `by`.
   */
  scorer: string | null;
  /**
   * Longest query in tokens, BOS not counted.
   */
  max_query_tokens: number;
  /**
   * Which end of a longer query is cut off; `left` keeps its last tokens, `refuse` fails the stage.
   */
  truncate_query: "left" | "right" | "refuse";
  /**
   * Longest response in tokens, EOS not counted; a longer one is cut on the right and has no EOS.
   */
  max_response_tokens: number;
}
