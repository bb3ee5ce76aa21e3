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

export function refuseDirectives(text: string, problems: Problems): void {
  const match = /^(?:[ \t]*(?:#[^\n]*)?\r?\n)*(%[^\r\n]*)/.exec(text);
  if (match === null) return;
  const directive = match[1] as string;
  const start = match[0].length - directive.length;
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
  RESOURCE_EXHAUSTION: {
    code: 'too-deep',
    message: 'The file is nested too deeply to be read.',
    hint: 'at most 64 levels',
  },
  TAG_RESOLVE_FAILED: {
    code: 'tag',
    message: 'YAML tags are not part of a pipeline file.',
    hint: 'delete the tag',
  },
};

/** Errors and warnings of the parser alike: a warning means that another reader may see something else. */
export function refuseSyntax(errors: readonly YAMLError[], problems: Problems): void {
  const lines = new Set<number>();
  for (const error of errors) {
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
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
