/** A stretch of a text file. Lines and columns count from 1; offsets are UTF-16 units. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Length of the marked stretch on its first line, at least 1. */
  readonly length: number;
}

/** Something wrong with the file or the call, in the user's words. */
export interface Diagnostic {
  /** Stable, kebab-case: tests and scripts branch on it. */
  readonly code: string;
  readonly severity: 'error' | 'warning';
  /** One sentence. */
  readonly message: string;
  readonly place?: Place | undefined;
  /** Other places that belong to it: the first of two duplicates, each edge of a cycle. */
  readonly related?: readonly { readonly message: string; readonly place: Place }[] | undefined;
  /** The next step: a suggestion or a command to run. */
  readonly hint?: string | undefined;
}
