/** Exit codes of every command (docs/cli.md). */
export const EXIT = {
  done: 0,
  /** A stage failed. */
  failed: 1,
  /** The file or the call is wrong. */
  wrong: 2,
  /** `--frozen` or `plan --check`, and something would or may run. */
  wouldRun: 3,
  /** A bug in warren. */
  bug: 70,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
