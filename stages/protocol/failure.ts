/** An expected failure of a stage: bad data, a model that does not fit, a diverging loss. */
export interface Failure {
  /** Stable, kebab-case. */
  readonly code: string;
  /** One sentence in the user's words. */
  readonly message: string;
  /** The next step. */
  readonly hint?: string | undefined;
  /** Where, if a file caused it: path and row (from 1) or place in it. */
  readonly file?: string | undefined;
  readonly row?: number | undefined;
}
