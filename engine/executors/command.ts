/** @file Words of a `run:` stage. Each placeholder becomes exactly one word, whatever is in it. */
import type { Command, CommandPart } from '../pipeline/graph.ts';

/** Text of a placeholder: a path for `in` and `out`, a value for `with`. */
export type PartText = (part: Exclude<CommandPart, string>) => string;

export function argvOf(command: Command, text: PartText): [string, ...string[]] {
  switch (command.form) {
    case 'argv':
      return asArgv(command.words.map((parts) => join(parts, text)));
    case 'shell':
      return asArgv([...command.shell, join(command.parts, (part) => quoteWord(text(part)))]);
  }
}

function join(parts: readonly CommandPart[], text: PartText): string {
  return parts.map((part) => (typeof part === 'string' ? part : text(part))).join('');
}

/** POSIX single quotes: nothing is special inside, and a quote is written as an escaped one between two pairs. */
export function quoteWord(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function asArgv(words: string[]): [string, ...string[]] {
  const [first, ...rest] = words;
  if (first === undefined) throw new Error('Internal error: a command without words');
  return [first, ...rest];
}
