/** The last lines that a stage printed, to replay if it fails. Memory stays bounded; what fell out is counted. */
export class Tail {
  readonly #most: number;
  #lines: string[] = [];
  #dropped = 0;

  constructor(most: number) {
    this.#most = most;
  }

  push(line: string): void {
    this.#lines.push(line);
    // Cut in halves, so that a push costs constant time on average.
    if (this.#lines.length >= this.#most * 2) {
      this.#dropped += this.#lines.length - this.#most;
      this.#lines = this.#lines.slice(-this.#most);
    }
  }

  get last(): string | undefined {
    return this.#lines.at(-1);
  }

  get lines(): readonly string[] {
    return this.#lines.slice(-this.#most);
  }

  /** How many earlier lines are only in the log. */
  get dropped(): number {
    return this.#dropped + Math.max(0, this.#lines.length - this.#most);
  }
}
