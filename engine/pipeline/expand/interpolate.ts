/** @file `${with.x}`, `${matrix.x}` and `${round}` in values: a whole value keeps its type, inside text it becomes text. */
import { listed, scalarText } from '../names.ts';
import type { Problems } from '../problems.ts';
import type { Entry, MapNode, Node, Range, ScalarNode } from '../yaml/tree.ts';
import { type Placeholder, parseTemplate } from './template.ts';

export interface Scope {
  /** Parameters of the pipeline; undefined where they cannot be used. */
  readonly with: MapNode | undefined;
  readonly matrix: ReadonlyMap<string, Node> | undefined;
  /** Named tokens of the pipeline. */
  readonly limits: MapNode;
  readonly problems: Problems;
  /** Called with `with` or `matrix` and the first name after it. */
  used(root: 'with' | 'matrix', name: string): void;
}

/** The node with its placeholders replaced; the same node when it has none. What has an error stays as it was. */
export function interpolate<T extends Node>(node: T, scope: Scope): T | Node {
  switch (node.kind) {
    case 'scalar':
      return typeof node.value === 'string' && node.value.includes('${')
        ? replace(node, node.value, scope)
        : node;
    case 'list': {
      const items = node.items.map((item) => interpolate(item, scope));
      return items.some((item, index) => item !== node.items[index]) ? { ...node, items } : node;
    }
    case 'map':
      return interpolateMap(node, scope);
  }
}

/** As interpolate(), except for the keys in `skip`, whose placeholders mean something else. */
export function interpolateMap(node: MapNode, scope: Scope, skip: ReadonlySet<string> = new Set()): MapNode {
  let changed = false;
  const entries = new Map<string, Entry>();
  for (const [key, entry] of node.entries) {
    const value = skip.has(key) ? entry.value : interpolate(entry.value, scope);
    changed ||= value !== entry.value;
    entries.set(key, value === entry.value ? entry : { ...entry, value });
  }
  return changed ? { ...node, entries } : node;
}

function replace(node: ScalarNode, text: string, scope: Scope): Node {
  const { problems } = scope;
  const { parts, unclosed } = parseTemplate(text);
  if (unclosed) {
    problems.error('bad-interpolation', node.range, 'An opening ${ has no closing brace.', {
      hint: 'write $${ for the characters themselves',
    });
    return node;
  }
  const [only] = parts;
  if (parts.length === 1 && only !== undefined && typeof only !== 'string') {
    const value = lookup(only, node.range, scope);
    return value === undefined ? node : moved(value, node.range, value.from ?? only.name);
  }
  let joined = '';
  for (const part of parts) {
    if (typeof part === 'string') {
      joined += part;
      continue;
    }
    const value = lookup(part, node.range, scope);
    if (value === undefined) return node;
    if (value.kind !== 'scalar' || value.value === null) {
      const what = value.kind === 'scalar' ? 'null' : `a ${value.kind}`;
      problems.error(
        'not-a-scalar',
        problems.narrow(node.range, part.written),
        `${part.written} is ${what} and cannot stand inside text.`,
        {
          hint: 'use it as the whole value, or name a member of it',
        },
      );
      problems.mark(node.range);
      return node;
    }
    joined += scalarText(value.value);
  }
  return { ...node, value: joined };
}

/** The value shown where it is used. Members keep their own places out of sight: the user looks here. */
function moved(value: Node, range: Range, from: string): Node {
  switch (value.kind) {
    case 'scalar':
      return { ...value, range, from };
    case 'list':
      return { ...value, range, from, items: value.items.map((item) => moved(item, range, from)) };
    case 'map': {
      const entries = new Map<string, Entry>();
      for (const [key, entry] of value.entries)
        entries.set(key, { key, keyRange: range, value: moved(entry.value, range, from) });
      return { ...value, range, from, entries };
    }
  }
}

/** The value that a placeholder names, or undefined after an error. */
export function lookup(placeholder: Placeholder, range: Range, scope: Scope): Node | undefined {
  const { problems } = scope;
  const at = problems.narrow(range, placeholder.written);
  const fail = (code: string, message: string, hint: string): undefined => {
    problems.error(code, at, message, { hint, about: placeholder.name });
    problems.mark(range);
    return undefined;
  };
  const [first, ...rest] = placeholder.name.split('.');
  // The round is an axis with a short name of its own.
  const [root, path] = first === 'round' ? (['matrix', ['round', ...rest]] as const) : [first, rest];
  if (first === 'round' && scope.matrix?.has('round') !== true) {
    return fail(
      'unknown-name',
      `${placeholder.written} cannot be used here.`,
      'a stage with rounds: knows its round; its pipeline gets it through with: {round: "${round}"}',
    );
  }
  if (root === 'in' || root === 'out') {
    return fail(
      'unknown-name',
      `${placeholder.written} has a meaning only in run:.`,
      'files are passed through in:, for example in: {data: in.data}',
    );
  }
  if (root !== 'with' && root !== 'matrix') {
    return fail(
      'unknown-name',
      `Unknown name in ${placeholder.written}.`,
      `\${with.NAME}, \${matrix.AXIS} and \${round} are known; write $${placeholder.written} for the characters themselves`,
    );
  }
  const values: ReadonlyMap<string, Node | Entry> | undefined =
    root === 'with' ? scope.with?.entries : scope.matrix;
  if (values === undefined)
    return fail(
      'unknown-name',
      `${placeholder.written} cannot be used here.`,
      root === 'matrix' ? 'the stage has no matrix:' : 'write the value itself',
    );
  const name = path[0] ?? '';
  const found = values.get(name);
  let node = found !== undefined && 'key' in found ? found.value : found;
  if (node === undefined) {
    const known = [...values.keys()];
    const near = problems.suggest(name, known);
    const none =
      root === 'with' ? 'declare it under with: at the top of the file' : 'the stage has no such axis';
    return fail(
      'unknown-name',
      `No ${root === 'with' ? 'parameter' : 'axis'} "${name}" for ${placeholder.written}.`,
      near ?? (known.length > 0 ? `known: ${listed(known, 12)}` : none),
    );
  }
  scope.used(root, name);
  for (const [index, segment] of path.slice(1).entries()) {
    const next: Node | undefined = member(node, segment);
    if (next === undefined) {
      const near = node.kind === 'map' ? problems.suggest(segment, node.entries.keys()) : undefined;
      const parent = [root, ...path.slice(0, index + 1)].join('.');
      return fail(
        'unknown-name',
        `${parent} has no member "${segment}".`,
        near ?? 'check the value it is given',
      );
    }
    node = next;
  }
  return node;
}

function member(node: Node, segment: string): Node | undefined {
  if (node.kind === 'map') return node.entries.get(segment)?.value;
  if (node.kind === 'list' && /^\d+$/.test(segment)) return node.items[Number(segment)];
  return undefined;
}
