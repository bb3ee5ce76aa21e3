import { type Line, padded, type Span, span } from './line.ts';
import { width } from './width.ts';

export type Align = 'left' | 'right';
/** Spaces between columns. */
export type Gap = 1 | 2;

/** Rows of spans as lines with aligned columns. A cell's tone is kept; no trailing spaces. */
export function table(
  rows: readonly (readonly Span[])[],
  align: readonly Align[] = [],
  gap: Gap = 2,
): Line[] {
  const widths = columnWidths(rows);
  return rows.map((row) =>
    row.flatMap((cell, at): Span[] => {
      const room = widths[at] ?? 0;
      const last = at === row.length - 1;
      const shown =
        align[at] === 'right'
          ? { ...cell, text: ' '.repeat(Math.max(0, room - width(cell.text))) + cell.text }
          : last
            ? cell
            : padded(cell.text, room, cell.tone);
      return last ? [shown] : [shown, span(' '.repeat(gap))];
    }),
  );
}

export function columnWidths(rows: readonly (readonly Span[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, width(cell.text));
  }
  return widths;
}
