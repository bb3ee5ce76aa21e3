/** @file The plain words of a command: those that mean themselves, and that it can only read. */
import type { Command } from '../graph.ts';

export interface Word {
  readonly text: string;
  /** Position in a list; undefined in the text of a shell. */
  readonly at: number | undefined;
}

/** Words with anything in them that a shell, a placeholder or a quote could change are left out. */
export function plainWords(command: Command): Word[] {
  if (command.form === 'argv') {
    return command.words.flatMap(([only, ...more], at) =>
      typeof only === 'string' && more.length === 0 ? [{ text: only, at }] : [],
    );
  }
  const text = command.parts.map((part) => (typeof part === 'string' ? part : HOLE)).join('');
  return shellWords(text).map((word) => ({ text: word, at: undefined }));
}

/** Stands for a placeholder. */
const HOLE = '\0';
/** Another folder, or text that is no command: then no word is sure to mean what it says. */
const ELSEWHERE = /<<|(?:^|[\s;&|(])(?:cd|pushd|exec|eval)\s/;

function shellWords(text: string): string[] {
  if (ELSEWHERE.test(text)) return [];
  const words: string[] = [];
  let word = '';
  let plain = true;
  /** What follows > is not read. */
  let written = false;
  const end = (): void => {
    if (word !== '' && plain && !written) words.push(word);
    if (word !== '') written = false;
    word = '';
    plain = true;
  };
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    if (char === "'" || char === '"') {
      plain = false;
      word += char;
      at = closing(text, at);
    } else if (char === '#' && word === '') {
      const line = text.indexOf('\n', at);
      at = line < 0 ? text.length : line;
    } else if (/[\s;&|()<]/.test(char)) end();
    else if (char === '>') {
      // A number before it says which stream.
      if (!/^\d*$/.test(word)) end();
      word = '';
      written = true;
      while (/[>&|]/.test(text[at + 1] ?? '')) at += 1;
    } else {
      word += char;
      plain &&= /[\w./@%+,:=-]/.test(char);
    }
  }
  end();
  return words;
}

/** Where the quote that opens here is closed. */
function closing(text: string, open: number): number {
  const quote = text[open];
  for (let at = open + 1; at < text.length; at++) {
    if (text[at] === quote) return at;
    if (text[at] === '\\' && quote === '"') at += 1;
  }
  return text.length;
}
