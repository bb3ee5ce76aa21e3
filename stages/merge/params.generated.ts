// Generated from manifest.json by `npm run generate`.

export interface Params {
  /**
   * What enters the ranking: policies BP and DP take all, D takes samples, P takes chosen and rejected.
   *
   * @minItems 1
   */
  include: ("samples" | "chosen" | "rejected")[];
  /**
   * Estimator of the standard deviation in `metrics`: divide by n or by n - 1.
   */
  std: "population" | "sample";
}
