/** @file What YAML allows and a pipeline file does not: each refusal with a code and what to write instead. */
import type { YAMLError } from 'yaml';
import type { Problems } from '../problems.ts';
import type { Range } from './tree.ts';

const CONFLICT = /^(?:<{7}|={7}|>{7}|\|{7})(?=[ \r\n]|$)/gm;

/** Merge-conflict markers say more than the syntax errors they cause. True when there are any. */
export function refuseConflict(text: string, problems: Problems): boolean {
  const found = [...text.matchAll(CONFLICT)];
  const first = found.find((match) => match[0].startsWith('<'));
  if (first === undefined) return false;
  const related = found
    .filter((match) => match !== first)
    .map((match) => ({ message: 'and here', range: [match.index, match.index + 7] as Range }));
  problems.error(
    'merge-conflict',
    [first.index, first.index + 7],
    'The file holds a merge conflict that is not resolved.',
    {
      related,
      hint: 'keep one side and delete the lines with <<<<<<<, ======= and >>>>>>>',
    },
  );
  return true;
}

/** Beyond these the parser takes more than seconds. 100,000 stages fit. */
const MOST_CHARACTERS = 1 << 23;
const MOST_LINES = 400_000;

/** True for a text that is no pipeline anybody wrote. */
export function refuseSize(text: string, problems: Problems): boolean {
  let lines = 1;
  let at = text.length > MOST_CHARACTERS ? -1 : text.indexOf('\n');
  for (; at >= 0 && lines <= MOST_LINES; at = text.indexOf('\n', at + 1)) lines += 1;
  if (text.length <= MOST_CHARACTERS && lines <= MOST_LINES) return false;
  const message = 'The file is larger than 8 MiB or longer than 400,000 lines.';
  problems.error('too-large', [0, 1], message, { hint: 'write the values in a data file' });
  return true;
}

/** Marks the line that is indented most: there the parser gave up. */
export function refuseDepth(text: string, problems: Problems): void {
  let start = 0;
  let most = -1;
  for (const match of text.matchAll(/^[ ]*/gm)) {
    if (match[0].length <= most) continue;
    most = match[0].length;
    start = match.index + most;
  }
  const { code, message, hint } = TOO_DEEP;
  problems.error(code, [start, start + 1], message, { hint });
}

/** Of a line, what is marked. */
const LONGEST_LINE = 1000;

/** Before the first line that is neither empty nor a comment. */
export function refuseDirectives(text: string, problems: Problems): void {
  // Line by line: one expression over all of them would go as deep as there are lines.
  const line = /[ \t]*(?:#[^\n]*)?\r?\n/y;
  let start = 0;
  for (; line.test(text); start = line.lastIndex);
  if (text[start] !== '%') return;
  const [directive = ''] = /^[^\r\n]*/.exec(text.slice(start, start + LONGEST_LINE)) ?? [];
  problems.error(
    'directive',
    [start, start + directive.length],
    'YAML directives are not part of a pipeline file.',
    {
      hint: 'delete the line; YAML 1.2 is what is read',
    },
  );
}

interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}
const TOO_DEEP = {
  code: 'too-deep',
  message: 'The file is nested too deeply to be read.',
  hint: 'at most 64 levels',
};

/** The parser's codes that deserve other words than its own. */
const REFUSALS: { readonly [code: string]: Refusal } = {
  MULTIPLE_DOCS: {
    code: 'several-documents',
    message: 'A pipeline file is one YAML document; a second one begins here.',
    hint: 'put each pipeline in a file of its own',
  },
  TAB_AS_INDENT: {
    code: 'tab-indent',
    message: 'This line is indented with a tab.',
    hint: 'indent with spaces; YAML does not take tabs',
  },
  RESOURCE_EXHAUSTION: TOO_DEEP,
  TAG_RESOLVE_FAILED: {
    code: 'tag',
    message: 'YAML tags are not part of a pipeline file.',
    hint: 'delete the tag',
  },
};

/** Errors and warnings of the parser alike: a warning means that another reader may see something else. */
export function refuseSyntax(errors: readonly YAMLError[], problems: Problems): void {
  const lines = new Set<number>();
  // Once it gives up on the depth, whatever else it says comes of that.
  const deep = errors.filter(({ code }) => code === 'RESOURCE_EXHAUSTION');
  for (const error of deep.length > 0 ? deep.slice(0, 1) : errors) {
    const refusal = REFUSALS[error.code];
    const [start, end] = error.pos;
    // Inside one line the first syntax error makes the others.
    const line = problems.placeOf([start, end]).line;
    if (refusal === undefined && lines.has(line)) continue;
    lines.add(line);
    problems.error(
      refusal?.code ?? 'yaml-syntax',
      error.code === 'MULTIPLE_DOCS' ? documentMark(error.pos) : [start, end],
      refusal?.message ?? sentence(error.message),
      { hint: refusal?.hint },
    );
  }
}

/** The parser's range begins at the line break before `---`. */
function documentMark([start]: readonly [number, number]): Range {
  return [start, start + 3];
}

function sentence(text: string): string {
  // What is quoted at its end may close with any mark.
  return text.endsWith('.') ? text : `${text}.`;
}
