/** @file Offsets into a text as places for people. */
import type { Place } from './diagnostic.ts';

/** Offsets at which lines begin; the first is 0. */
function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Index of the last line that begins at or before the offset. */
function lineAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] as number) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Turns `[start, end)` (UTF-16 offsets, clamped to the text) into a place; a stretch over several lines marks its first. */
export function placesIn(file: string, text: string): (start: number, end: number) => Place {
  const starts = lineStarts(text);
  return (start, end) => {
    const from = Math.min(Math.max(start, 0), text.length);
    const line = lineAt(starts, from);
    const begin = starts[line] as number;
    const next = starts[line + 1];
    let stop = next === undefined ? text.length : next - 1;
    if (text[stop - 1] === '\r') stop -= 1;
    return {
      file,
      line: line + 1,
      column: from - begin + 1,
      length: Math.max(1, Math.min(end, stop) - from),
    };
  };
}
