/** @file The parser's nodes -> our tree, refusing what is no JSON: tags, odd keys, odd numbers, bombs. */
import { type Alias, isAlias, isMap, isScalar, isSeq, type Pair, type ParsedNode, type Scalar } from 'yaml';
import type { Problems } from '../problems.ts';
import type { Entry, Node, Range, ScalarNode } from './tree.ts';

const MAX_DEPTH = 64;
/** Of a comment, what is looked at. */
const LONGEST_COMMENT = 200;
const MAX_NODES = 1_000_000;

type Parsed = ParsedNode | null;
interface Sized {
  readonly node: Node;
  /** Values in it after aliases are followed, and levels below it. */
  readonly size: number;
  readonly depth: number;
}
export interface Reading {
  /** Keys that are numbers, booleans or null are taken by their text, as other people's files have them. */
  readonly anyKeys?: boolean;
}
/** Thrown inside convert() alone, after the problem is told. */
const STOP = Symbol('stop');

/** Undefined after a refusal that makes the rest meaningless; lesser refusals go on with a stand-in. */
export function convert(
  contents: Parsed,
  text: string,
  problems: Problems,
  reading: Reading = {},
): Node | undefined {
  const anchors = new Map<string, Sized | 'open'>();

  function rangeOf(node: Parsed): Range {
    const range = node?.range;
    if (!range) return [0, 1];
    // A block's range ends with the line break that follows it.
    let end = Math.max(range[1], range[0] + 1);
    while (end > range[0] + 1 && /\s/.test(text[end - 1] ?? ' ')) end -= 1;
    return [range[0], end];
  }

  function stop(code: string, range: Range, message: string, hint: string): never {
    problems.error(code, range, message, { hint });
    throw STOP;
  }

  function sized(node: Node, children: readonly Sized[], range: Range): Sized {
    let size = 1;
    let depth = 0;
    for (const child of children) {
      size += child.size;
      depth = Math.max(depth, child.depth + 1);
    }
    if (size > MAX_NODES) {
      stop(
        'too-large',
        range,
        'This holds more than 1,000,000 values once its aliases are followed.',
        'write the values in a data file',
      );
    }
    if (depth > MAX_DEPTH) stop('too-deep', range, 'This is nested more than 64 levels deep.', 'flatten it');
    return { node, size, depth };
  }

  function visit(parsed: Parsed, level: number): Sized {
    if (isAlias(parsed)) return follow(parsed);
    const range = rangeOf(parsed);
    if (level > MAX_DEPTH) stop('too-deep', range, 'This is nested more than 64 levels deep.', 'flatten it');
    // Tags that the parser does not know are among its warnings.
    if (parsed?.tag === '!' || parsed?.tag?.startsWith('tag:yaml.org,')) {
      problems.error('tag', range, 'YAML tags are not part of a pipeline file.', {
        hint: 'delete the tag; quote the value if it is text',
      });
    }
    const anchor = parsed?.anchor;
    if (anchor !== undefined) anchors.set(anchor, 'open');
    const result = collection(parsed, range, level);
    if (anchor !== undefined) anchors.set(anchor, result);
    return result;
  }

  function collection(parsed: Parsed, range: Range, level: number): Sized {
    if (isMap(parsed)) return map(parsed.items as Pair<ParsedNode, Parsed>[], range, level);
    if (isSeq(parsed)) {
      const children = parsed.items.map((item) => visit(item as Parsed, level + 1));
      return sized({ kind: 'list', range, items: children.map((child) => child.node) }, children, range);
    }
    const value = isScalar(parsed) ? scalar(parsed, range) : null;
    const written = typeof value === 'number' && isScalar(parsed) ? parsed.source : undefined;
    const comment = isScalar(parsed) && parsed.type === 'PLAIN' ? commentAfter(range) : undefined;
    const node: Node = {
      kind: 'scalar',
      range,
      value,
      ...(written === undefined ? {} : { written }),
      ...(comment === undefined ? {} : { comment }),
    };
    return { node, size: 1, depth: 0 };
  }

  function commentAfter([, end]: Range): Range | undefined {
    const [, space, comment] = /^([ \t]+)(#[^\r\n]*)/.exec(text.slice(end, end + LONGEST_COMMENT)) ?? [];
    if (space === undefined || comment === undefined) return undefined;
    return [end + space.length, end + space.length + comment.length];
  }

  function map(pairs: readonly Pair<ParsedNode, Parsed>[], range: Range, level: number): Sized {
    const entries = new Map<string, Entry>();
    const children: Sized[] = [];
    for (const pair of pairs) {
      const keyRange = rangeOf(pair.key);
      const key = keyOf(pair.key, keyRange);
      const child = visit(pair.value, level + 1);
      if (key === undefined) continue;
      const first = entries.get(key);
      if (first !== undefined) {
        problems.error('duplicate-key', keyRange, `The key "${key}" is given twice.`, {
          related: [{ message: 'first given here', range: first.keyRange }],
          hint: 'keep one of them',
        });
        continue;
      }
      children.push(child);
      // A value that is left out has no place of its own: its key shows where it would stand.
      const value: Node =
        pair.value === null ? { ...(child.node as ScalarNode), range: keyRange } : child.node;
      entries.set(key, { key, keyRange, value });
    }
    return sized({ kind: 'map', range, entries }, children, range);
  }

  function keyOf(key: Parsed, range: Range): string | undefined {
    if (isScalar(key) && key.tag !== undefined) {
      problems.error('tag', range, 'YAML tags are not part of a pipeline file.', { hint: 'delete the tag' });
    }
    if (isScalar(key) && key.anchor !== undefined)
      anchors.set(key.anchor, {
        node: { kind: 'scalar', range, value: String(key.value) },
        size: 1,
        depth: 0,
      });
    const given = isScalar(key) ? key.value : undefined;
    const value = reading.anyKeys === true && isPlain(given) ? keyText(key as Scalar, given) : given;
    if (typeof value !== 'string') {
      const written = isScalar(key) && value !== null ? `; quote it: "${key.source ?? String(value)}"` : '';
      problems.error('non-string-key', range, 'A key must be text.', {
        hint: `keys are plain words${written}`,
      });
      return undefined;
    }
    if (value === '<<' && key !== null && isScalar(key) && key.type === 'PLAIN') {
      problems.error('merge-key', range, 'Merge keys (<<) are not part of a pipeline file.', {
        hint: 'write the keys out, or put the values under with: and use ${with.NAME}',
      });
      return undefined;
    }
    if (value === '__proto__') {
      problems.error('reserved-key', range, 'The key "__proto__" is reserved.', {
        hint: 'choose another name',
      });
      return undefined;
    }
    return value;
  }

  function follow(alias: Alias): Sized {
    const range = rangeOf(alias as unknown as ParsedNode);
    const target = anchors.get(alias.source);
    if (target === undefined) {
      const hint = problems.suggest(alias.source, anchors.keys());
      problems.error('unknown-alias', range, `No anchor &${alias.source} comes before this alias.`, {
        hint: hint ?? 'an anchor is defined above its aliases',
      });
      return { node: { kind: 'scalar', range, value: null }, size: 1, depth: 0 };
    }
    if (target === 'open')
      stop(
        'recursive-alias',
        range,
        `*${alias.source} stands inside its own anchor.`,
        'a value cannot hold itself',
      );
    return target;
  }

  function scalar(node: Scalar, range: Range): ScalarNode['value'] {
    const value = node.value;
    if (typeof value === 'string') {
      // NUL ends a word of a command; half a surrogate pair has no UTF-8, so two values would share a key.
      if (/[\0\p{Surrogate}]/u.test(value)) {
        problems.error('bad-character', range, 'This text holds a character that cannot be passed on.', {
          hint: 'remove \\0 and lone surrogates',
        });
      }
      return value;
    }
    if (typeof value === 'boolean' || value === null) return value;
    if (typeof value !== 'number') return String(value);
    if (!Number.isFinite(value)) {
      problems.error('not-finite', range, 'Infinities and NaN are not parameters.', {
        hint: 'use null or a large number',
      });
      return 0;
    }
    if (!Number.isSafeInteger(value) && !/[.eE]/.test(node.source ?? '')) {
      problems.error('unsafe-integer', range, 'This integer is too large to be kept exactly.', {
        hint: 'quote it to keep it as text, or write it with an exponent',
      });
    }
    // -0 and 0 are one value.
    return value === 0 ? 0 : value;
  }

  try {
    return visit(contents, 0).node;
  } catch (thrown) {
    if (thrown === STOP) return undefined;
    throw thrown;
  }
}

function isPlain(value: unknown): value is number | boolean | null {
  return value === null || typeof value === 'number' || typeof value === 'boolean';
}

function keyText(key: Scalar, value: number | boolean | null): string {
  return key.source === undefined || key.source === '' ? String(value) : key.source;
}
