/** @file YAML text -> tree. One document, string keys, JSON numbers; anything that readers disagree on is refused. */
import { type Document, type ParsedNode, parseDocument } from 'yaml';
import type { Problems } from '../problems.ts';
import { convert, type Reading } from './convert.ts';
import { refuseConflict, refuseDepth, refuseDirectives, refuseSize, refuseSyntax } from './refuse.ts';
import type { Node } from './tree.ts';

/** The tree, or undefined when the text is no YAML at all; refusals are in `problems` either way. */
export function parseTree(text: string, problems: Problems, reading?: Reading): Node | undefined {
  if (refuseSize(text, problems) || refuseConflict(text, problems)) return undefined;
  refuseDirectives(text, problems);
  const document = parse(text);
  if (document === undefined) {
    refuseDepth(text, problems);
    return undefined;
  }
  refuseSyntax([...document.errors, ...document.warnings], problems);
  if (document.errors.length > 0) return undefined;
  return convert(document.contents as ParsedNode | null, text, problems, reading);
}

/** Undefined for a text nested so deeply that the parser runs out of its stack. */
function parse(text: string): Document.Parsed<ParsedNode> | undefined {
  try {
    // Keys are compared in convert(): the parser's own check is quadratic in the size of a map.
    return parseDocument(text, {
      version: '1.2',
      strict: true,
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'error',
    });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
