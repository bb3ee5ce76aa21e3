import type { Place } from '../../base/diagnostic.ts';
import { type Line, span } from './line.ts';
import { safe } from './safe.ts';
import { cut, width } from './width.ts';

const MOST_COLUMNS = 80;

/** The marked line of a file with carets below it; a long line is cut around the mark. Empty if the line is not there. */
export function codeFrame(text: string, place: Place): Line[] {
  const source = text.split(/\r?\n/)[place.line - 1];
  if (source === undefined) return [];
  const start = Math.min(Math.max(0, place.column - 1), source.length);
  const end = Math.min(source.length, start + Math.max(1, place.length));
  const from = windowStart(source, start, end);
  const lead = (from > 0 ? '…' : '') + source.slice(from, start);
  const shown = (from > 0 ? '…' : '') + source.slice(from);
  const whole = safe(shown);
  const visible = cut(whole, MOST_COLUMNS);
  const marks = Math.max(
    1,
    Math.min(width(safe(source.slice(start, end))), MOST_COLUMNS - width(safe(lead))),
  );
  const number = String(place.line);
  return [
    [span(`  > ${number} | `, 'dim'), span(visible.length < whole.length ? `${visible}…` : visible)],
    [
      span(`    ${' '.repeat(number.length)} | `, 'dim'),
      span(' '.repeat(width(safe(lead))) + '^'.repeat(marks), 'bad'),
    ],
  ];
}

/** First unit shown: 0 unless the mark would end beyond the window. */
function windowStart(source: string, start: number, end: number): number {
  if (width(safe(source.slice(0, end))) <= MOST_COLUMNS) return 0;
  return Math.max(0, start - 20);
}

/** `pipelines/rrhf.yaml:5:5` */
export function placeText(place: Place, show: (path: string) => string): string {
  return `${show(place.file)}:${place.line}:${place.column}`;
}
