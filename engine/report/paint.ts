import { styleText } from 'node:util';
import type { Line, Tone } from './line.ts';

export type ColorMode = 'auto' | 'always' | 'never';

type Format = Parameters<typeof styleText>[0];
const FORMATS: Readonly<Record<Tone, Format | undefined>> = {
  plain: undefined,
  good: 'green',
  bad: ['red', 'bold'],
  warn: 'yellow',
  info: 'cyan',
  dim: 'gray',
  strong: 'bold',
};

export type Painter = (line: Line) => string;
/** Writes whole lines somewhere, painted for that place. */
export type Print = (lines: readonly Line[]) => void;
/** Where tables go, and how wide they may be: asked at each print, infinite where no terminal listens. */
export interface Results {
  readonly print: Print;
  columns(): number;
}

/** Turns a line into what is written; without colour it holds no escape at all. */
export function painter(color: boolean): Painter {
  return (spans) =>
    spans
      .map(({ text, tone }) => {
        const format = FORMATS[tone];
        return color && format !== undefined && text !== ''
          ? styleText(format, text, { validateStream: false })
          : text;
      })
      .join('');
}

/** `--color` decides; on `auto` NO_COLOR, then FORCE_COLOR, then whether a capable terminal listens. */
export function wantsColor(
  mode: ColorMode,
  stream: { readonly isTTY?: boolean },
  env: { readonly [name: string]: string | undefined },
): boolean {
  if (mode !== 'auto') return mode === 'always';
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}

export function printTo(sink: { write(text: string): void }, paint: Painter): Print {
  return (lines) => {
    if (lines.length > 0) sink.write(lines.map((line) => `${paint(line)}\n`).join(''));
  };
}
