/** @file A stage's Markdown in a terminal: tables aligned and ruled, headings strong, everything else as it stands. */
import { fittedTable } from './fitted.ts';
import { type Line, line } from './line.ts';
import type { Align } from './table.ts';

const RULE = /^\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?$/;

/** Tables take at most `columns` cells where their cells allow it; other text is left to the terminal. */
export function renderMarkdown(markdown: string, columns: number): Line[] {
  const texts = markdown.replace(/\s+$/, '').split(/\r?\n/);
  const lines: Line[] = [];
  let at = 0;
  while (at < texts.length) {
    const text = texts[at] ?? '';
    if (text.includes('|') && RULE.test((texts[at + 1] ?? '').trim())) {
      const end = tableEnd(texts, at + 2);
      lines.push(...markdownTable(texts.slice(at, end), columns));
      at = end;
      continue;
    }
    const heading = /^#{1,6}\s+(.*)$/.exec(text)?.[1];
    lines.push(heading === undefined ? line(text) : line(heading, 'strong'));
    at += 1;
  }
  return lines;
}

function tableEnd(texts: readonly string[], from: number): number {
  let end = from;
  while (end < texts.length && texts[end]?.includes('|') === true) end += 1;
  return end;
}

function markdownTable(texts: readonly string[], columns: number): Line[] {
  const [header = [], rule = [], ...body] = texts.map(cells);
  const align = rule.map((mark): Align => (/^:?-+:$/.test(mark) && !mark.startsWith(':') ? 'right' : 'left'));
  return fittedTable(
    { header: header.map(plainCell), body: body.map((row) => row.map(plainCell)), align },
    columns,
  );
}

/** Cells of `| a | b |`; a pipe inside a cell is written `\|`. */
function cells(text: string): string[] {
  const inner = text
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '');
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
}

function plainCell(text: string): string {
  return text.replace(/\*\*(.+?)\*\*/g, '$1').replace(/`(.+?)`/g, '$1');
}
