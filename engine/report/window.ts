/** @file A few lines at the bottom of the terminal that are drawn again and again, below text that scrolls away. */
import type { Size } from './block.ts';
import { type Line, lineWidth } from './line.ts';
import type { Painter } from './paint.ts';
import type { Sink } from './reporter.ts';

const BEGIN_SYNC = '\u001b[?2026h';
const END_SYNC = '\u001b[?2026l';
// Row by row: tmux keeps what a clear of the whole screen below takes away, and its history would fill with old blocks.
const ERASE_ROW_ABOVE = '\u001b[1A\u001b[2K';

export interface Terminal extends Sink {
  /** Asked at each drawing; a pty wrapper may say 0, then 80 x 24 is taken. */
  size(): Size;
}

/** The size of a stream that may not know it. */
export function sizeOf(stream: { readonly columns?: number; readonly rows?: number }): Size {
  return { columns: stream.columns || 80, rows: stream.rows || 24 };
}

export class Window {
  readonly #terminal: Terminal;
  readonly #paint: Painter;
  #drawn: readonly Line[] = [];

  constructor(terminal: Terminal, paint: Painter) {
    this.#terminal = terminal;
    this.#paint = paint;
  }

  /** Writes `above` for good and `block` below it, in one synchronized update. */
  draw(above: readonly Line[], block: readonly Line[]): void {
    if (above.length === 0 && block.length === 0 && this.#drawn.length === 0) return;
    const text = [...above, ...block].map((line) => `${this.#paint(line)}\n`).join('');
    this.#terminal.write(`${BEGIN_SYNC}${this.#erase()}${text}${END_SYNC}`);
    this.#drawn = block;
  }

  /** A narrower terminal has wrapped what was drawn: rows are counted with the width of now. */
  #erase(): string {
    const { columns } = this.#terminal.size();
    let rows = 0;
    for (const line of this.#drawn) rows += Math.max(1, Math.ceil(lineWidth(line) / columns));
    return `${ERASE_ROW_ABOVE.repeat(rows)}\r`;
  }
}
