/** @file Takes comments out of TypeScript and JavaScript, so that rewording one reruns nothing. */

/** After one of these words a slash begins a regular expression, not a division. */
const BEFORE_REGEX = new Set([
  'return',
  'typeof',
  'case',
  'in',
  'of',
  'do',
  'else',
  'void',
  'delete',
  'throw',
  'new',
  'await',
  'yield',
]);

/** Comments become one space; white space at line ends and empty lines go. Strings, templates and patterns stay as they are. */
export function stripComments(source: string): string {
  let out = '';
  let i = 0;
  /** Open braces of each template substitution that we are inside of. */
  const templates: number[] = [];
  while (i < source.length) {
    const char = source[i] as string;
    const next = source[i + 1];
    const from = i;
    if (char === '/' && next === '/') {
      i = endOf(source, '\n', i);
      out += ' ';
      continue;
    }
    if (char === '/' && next === '*') {
      i = endOf(source, '*/', i + 2) + 2;
      out += source.slice(from, i).includes('\n') ? '\n' : ' ';
      continue;
    }
    if (char === "'" || char === '"') i = afterQuoted(source, i, char);
    else if (char === '/' && startsRegex(out)) i = afterRegex(source, i);
    else if (char === '`') i = afterTemplateText(source, i + 1, templates);
    else if (char === '}' && templates.at(-1) === 0) {
      templates.pop();
      i = afterTemplateText(source, i + 1, templates);
    } else {
      if (templates.length > 0 && char === '{') templates[templates.length - 1]! += 1;
      if (templates.length > 0 && char === '}') templates[templates.length - 1]! -= 1;
      i += 1;
    }
    out += source.slice(from, i);
  }
  return `${out
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .join('\n')}\n`;
}

function endOf(source: string, end: string, from: number): number {
  const at = source.indexOf(end, from);
  return at === -1 ? source.length : at;
}

function afterQuoted(source: string, start: number, quote: string): number {
  for (let i = start + 1; i < source.length; i++) {
    if (source[i] === '\\') i += 1;
    else if (source[i] === quote || source[i] === '\n') return i + 1;
  }
  return source.length;
}

/** Ends behind the closing backtick, or behind `${`, which opens a substitution. */
function afterTemplateText(source: string, start: number, templates: number[]): number {
  for (let i = start; i < source.length; i++) {
    if (source[i] === '\\') i += 1;
    else if (source[i] === '`') return i + 1;
    else if (source[i] === '$' && source[i + 1] === '{') {
      templates.push(0);
      return i + 2;
    }
  }
  return source.length;
}

function startsRegex(before: string): boolean {
  const text = before.trimEnd();
  const last = text.at(-1);
  if (last === undefined || '(,=:[!&|?{};+-*%<>~^'.includes(last)) return true;
  const word = /[A-Za-z_$][\w$]*$/.exec(text.slice(-20))?.[0];
  return word !== undefined && BEFORE_REGEX.has(word);
}

function afterRegex(source: string, start: number): number {
  let inClass = false;
  for (let i = start + 1; i < source.length; i++) {
    const char = source[i];
    if (char === '\\') i += 1;
    else if (char === '\n') return i;
    else if (char === '[') inClass = true;
    else if (char === ']') inClass = false;
    else if (char === '/' && !inClass) return i + 1;
  }
  return source.length;
}
