/** @file Where in a shell command a placeholder may stand: only where one quoted word stays one word. */

/** Why a quoted word would not be safe here; undefined where it is. */
export type Unsafe = 'quotes' | 'comment' | 'here-document' | 'arithmetic' | 'expansion' | 'escape';

/**
 * Follows a POSIX shell command, text by text, with placeholders between. Conservative: what it cannot prove
 * to be an ordinary word is refused, since a value that breaks out of its quotes is a command of its own.
 */
export interface QuotingScanner {
  text(text: string): void;
  placeholder(): Unsafe | undefined;
}

type Context = 'single' | 'double' | 'ansi' | 'backtick' | 'comment' | 'brace' | 'arithmetic' | 'paren';

const REASON: { readonly [C in Context]: Unsafe | undefined } = {
  single: 'quotes',
  double: 'quotes',
  // $'...' ends elsewhere in bash than in dash, so it is never taken to end.
  ansi: 'quotes',
  // Backslashes and backticks are read once more inside, before any quote counts.
  backtick: 'quotes',
  comment: 'comment',
  brace: 'expansion',
  // Quotes mean nothing in arithmetic, while $(...) is still run.
  arithmetic: 'arithmetic',
  paren: undefined,
};

export function quotingScanner(): QuotingScanner {
  const open: Context[] = [];
  let escaped = false;
  let heredoc = false;
  let wordStart = true;

  const current = (): Context | undefined => open.at(-1);

  /** One character outside single quotes and comments; returns how many were read. */
  function step(text: string, at: number): number {
    const char = text[at] as string;
    const context = current();
    const quoted = context === 'double';
    if (char === '`') {
      if (open.includes('backtick')) open.length = open.indexOf('backtick');
      else open.push('backtick');
      return 1;
    }
    if (char === '"') {
      if (quoted) open.pop();
      else open.push('double');
      return 1;
    }
    if (text.startsWith('$((', at)) return push('arithmetic', 3);
    if (text.startsWith('$(', at)) return push('paren', 2);
    if (text.startsWith('${', at)) return push('brace', 2);
    if (char === '}' && context === 'brace') return pop(1);
    if (context === 'arithmetic') {
      if (char === '(') return push('paren', 1);
      return text.startsWith('))', at) ? pop(2) : 1;
    }
    if (quoted) return 1;
    if (text.startsWith("$'", at)) return push('ansi', 2);
    if (char === "'") return push('single', 1);
    if (char === '(') return push('paren', 1);
    if (char === ')' && context === 'paren') return pop(1);
    if (char === '#' && wordStart && context !== 'brace') return push('comment', 1);
    if (text.startsWith('<<', at)) heredoc = true;
    return 1;
  }

  function push(context: Context, length: number): number {
    open.push(context);
    return length;
  }
  function pop(length: number): number {
    open.pop();
    return length;
  }

  function text(part: string): void {
    let at = 0;
    while (at < part.length) {
      const char = part[at] as string;
      const context = current();
      let length = 1;
      if (context === 'comment') {
        if (char === '\n') open.pop();
      } else if (context === 'single') {
        if (char === "'") open.pop();
      } else if (escaped) escaped = false;
      else if (char === '\\') escaped = true;
      else length = step(part, at);
      wordStart = /[\s;&|()]/.test(char);
      at += length;
    }
  }

  function placeholder(): Unsafe | undefined {
    wordStart = false;
    if (escaped) return 'escape';
    if (heredoc) return 'here-document';
    // A substitution inside double quotes starts quoting afresh, but shells differ at the seams: refuse.
    for (const context of open) if (REASON[context] !== undefined) return REASON[context];
    return undefined;
  }

  return { text, placeholder };
}
