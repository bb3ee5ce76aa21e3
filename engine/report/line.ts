/** @file What reporters print, before colour: lines of marked, terminal-safe text. */
import { safe } from './safe.ts';
import { cut, width } from './width.ts';

/** What a stretch of text means; the painter decides how that looks. */
export type Tone = 'plain' | 'good' | 'bad' | 'warn' | 'info' | 'dim' | 'strong';

declare const made: unique symbol;
/** Only `span` makes one, so whatever reaches a terminal went through `safe`. */
export interface Span {
  readonly text: string;
  readonly tone: Tone;
  readonly [made]: true;
}
export type Line = readonly Span[];

export function span(text: string, tone: Tone = 'plain'): Span {
  return { text: safe(text), tone } as Span;
}

/** A line in one tone. */
export function line(text: string, tone: Tone = 'plain'): Line {
  return [span(text, tone)];
}

export function lineWidth(spans: Line): number {
  return spans.reduce((sum, each) => sum + width(each.text), 0);
}

/** Padded with spaces to `columns`; longer text is kept whole. */
export function padded(text: string, columns: number, tone: Tone = 'plain'): Span {
  const clean = span(text, tone);
  return { ...clean, text: clean.text + ' '.repeat(Math.max(0, columns - width(clean.text))) };
}

/** Shortened to at most `columns` cells, with an ellipsis where something was lost. */
export function shorten(spans: Line, columns: number): Line {
  if (lineWidth(spans) <= columns) return spans;
  const kept: Span[] = [];
  let left = columns - 1;
  for (const each of spans) {
    const text = cut(each.text, left);
    kept.push({ ...each, text });
    left -= width(text);
    if (text.length < each.text.length) break;
  }
  return [...kept, span('…', 'dim')];
}
