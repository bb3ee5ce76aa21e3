import stringWidth from 'string-width';

const ASCII = /^[\u0020-\u007e]*$/;

/** Terminal cells of one safe line. */
export function width(text: string): number {
  return ASCII.test(text) ? text.length : stringWidth(text);
}

/** The longest start of `text` that is at most `columns` cells wide; never splits a grapheme. */
export function cut(text: string, columns: number): string {
  if (columns <= 0) return '';
  if (ASCII.test(text)) return text.slice(0, columns);
  let kept = '';
  let used = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    used += stringWidth(segment);
    if (used > columns) break;
    kept += segment;
  }
  return kept;
}
