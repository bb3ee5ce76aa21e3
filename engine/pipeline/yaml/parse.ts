/** @file YAML text -> tree. One document, string keys, JSON numbers; anything that readers disagree on is refused. */
import { type ParsedNode, parseDocument } from 'yaml';
import type { Problems } from '../problems.ts';
import { convert } from './convert.ts';
import { refuseConflict, refuseDirectives, refuseSyntax } from './refuse.ts';
import type { Node } from './tree.ts';

/** The tree, or undefined when the text is no YAML at all; refusals are in `problems` either way. */
export function parseTree(text: string, problems: Problems): Node | undefined {
  if (refuseConflict(text, problems)) return undefined;
  refuseDirectives(text, problems);
  let document: ReturnType<typeof parseDocument>;
  try {
    // Keys are compared in convert(): the parser's own check is quadratic in the size of a map.
    document = parseDocument(text, {
      version: '1.2',
      strict: true,
      uniqueKeys: false,
      logLevel: 'silent',
      prettyErrors: false,
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    problems.error('too-deep', [0, 1], 'The file is nested too deeply to be read.', {
      hint: 'at most 64 levels',
    });
    return undefined;
  }
  refuseSyntax([...document.errors, ...document.warnings], problems);
  if (document.errors.length > 0) return undefined;
  return convert(document.contents as ParsedNode | null, text, problems);
}
