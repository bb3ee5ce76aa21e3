/** @file YAML text -> tree. One document, string keys, JSON numbers; anything that readers disagree on is refused. */
import { type ParsedNode, parseDocument } from 'yaml';
import type { Problems } from '../problems.ts';
import { convert, type Reading } from './convert.ts';
import { refuseConflict, refuseDirectives, refuseSyntax } from './refuse.ts';
import type { Node } from './tree.ts';

/** The tree, or undefined when the text is no YAML at all; refusals are in `problems` either way. */
export function parseTree(text: string, problems: Problems, reading?: Reading): Node | undefined {
  if (refuseConflict(text, problems)) return undefined;
  refuseDirectives(text, problems);
  // Keys are compared in convert(): the parser's own check is quadratic in the size of a map.
  const document = parseDocument(text, {
    version: '1.2',
    strict: true,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'error',
  });
  refuseSyntax([...document.errors, ...document.warnings], problems);
  if (document.errors.length > 0) return undefined;
  return convert(document.contents as ParsedNode | null, text, problems, reading);
}
