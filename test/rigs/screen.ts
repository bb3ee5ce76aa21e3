/** As much of a terminal as the live block uses: text, wrapping, scrolling, cursor up, erase row. Unknown escapes throw. */
import type { Size } from '../../engine/report/block.ts';
import type { Terminal } from '../../engine/report/window.ts';

export class Screen implements Terminal {
  #size: Size;
  #rows: string[] = [''];
  #row = 0;
  #column = 0;
  /** Everything written, escapes included. */
  raw = '';
  updates = 0;

  constructor(size: Size) {
    this.#size = size;
  }

  size(): Size {
    return this.#size;
  }

  write(text: string): void {
    this.raw += text;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escapes a terminal reads
    for (const [token] of text.matchAll(/\u001b\[[?0-9;]*[A-Za-z]|[\s\S]/gu)) this.#take(token);
  }

  /** All rows since the start, scrolled away or not, without trailing empty ones. */
  text(): string {
    return this.#rows
      .map((row) => row.trimEnd())
      .join('\n')
      .trimEnd();
  }

  #take(token: string): void {
    if (token === '\u001b[?2026h') this.updates += 1;
    else if (token === '\u001b[?2026l') return;
    else if (token === '\n') this.#newline();
    else if (token === '\r') this.#column = 0;
    else if (token === '\u001b[2K') this.#rows[this.#row] = '';
    else if (token === '\u001b[1A') this.#up();
    else if (token.startsWith('\u001b')) throw new Error(`escape ${JSON.stringify(token)}`);
    else this.#put(token);
  }

  #put(char: string): void {
    if (this.#column === this.#size.columns) this.#newline();
    const row = (this.#rows[this.#row] ?? '').padEnd(this.#column);
    this.#rows[this.#row] = row.slice(0, this.#column) + char + row.slice(this.#column + 1);
    this.#column += 1;
  }

  #newline(): void {
    this.#row += 1;
    this.#column = 0;
    this.#rows[this.#row] ??= '';
  }

  /** What has scrolled away is out of reach of the cursor, as in a terminal. */
  #up(): void {
    const top = Math.max(0, this.#rows.length - this.#size.rows);
    this.#row = Math.max(top, this.#row - 1);
  }
}
