/** @file `${a.b[0]}` in a dvc.yaml. The whole value keeps its type; inside text it is written as DVC writes it. */
import { listed } from '../names.ts';
import type { Problems } from '../problems.ts';
import { type Entry, type MapNode, mapNode, type Node, type Range, type ScalarNode } from '../yaml/tree.ts';
import { dvcText, optionsText } from './text.ts';

export interface Template {
  /** Values by name: vars, `item`, `key`. */
  readonly vars: MapNode;
  readonly problems: Problems;
  /** What maps and lists may be put: options of a command, anything for what stages are made from, or nothing. */
  readonly takes: 'scalars' | 'options' | 'anything';
}

const HOLE = /(?<!\\)\$\{([^\n]*?)\}/g;
const EXPRESSION = /^[^.[\]]+(?:\.[^.[\]]+|\[[^.[\]]+\])*$/;

export function hasHole(text: string): boolean {
  return text.search(HOLE) >= 0;
}

/** Everything in its place, keys too. Undefined after an error. */
export function fill(node: Node, template: Template): Node | undefined {
  switch (node.kind) {
    case 'scalar':
      return typeof node.value === 'string' ? fillText(node, node.value, template) : node;
    case 'list': {
      const items = node.items.map((item) => fill(item, template));
      return items.every((item) => item !== undefined) ? { ...node, items } : undefined;
    }
    case 'map': {
      const entries = [...node.entries.values()].map((entry) => fillEntry(entry, template));
      return entries.every((entry) => entry !== undefined)
        ? mapNode(node.range, entries, node.from)
        : undefined;
    }
  }
}

function fillEntry({ key, keyRange, value }: Entry, template: Template): Entry | undefined {
  const name = fillText({ kind: 'scalar', range: keyRange, value: key }, key, template);
  const filled = fill(value, template);
  if (name?.kind !== 'scalar' || filled === undefined) return undefined;
  return { key: dvcText(name), keyRange, value: filled };
}

function fillText(node: ScalarNode, text: string, template: Template): Node | undefined {
  const holes = [...text.matchAll(HOLE)];
  const [only] = holes;
  if (only !== undefined && only[0] === text) return namedBy(only, node, template);
  let out = '';
  let at = 0;
  let whole = true;
  for (const hole of holes) {
    const value = namedBy(hole, node, template);
    const written = value && textOf(value, hole, node, template);
    if (written === undefined) whole = false;
    else out += text.slice(at, hole.index) + written;
    at = hole.index + hole[0].length;
  }
  return whole ? { ...node, value: (out + text.slice(at)).replaceAll('\\${', '${') } : undefined;
}

/** The named value, shown at the place that names it. */
function namedBy(hole: RegExpExecArray, node: ScalarNode, template: Template): Node | undefined {
  const { problems, vars, takes } = template;
  const [written, expression = ''] = hole;
  const range = problems.narrow(node.range, written);
  if (!EXPRESSION.test(expression)) {
    const hint = 'write ${name}, ${map.name} or ${list[0]}; \\${ writes ${ itself';
    problems.error('bad-interpolation', range, `${written} is no name of a value.`, { hint });
    return undefined;
  }
  const value = select(vars, expression);
  if ('missing' in value) {
    const { missing, known } = value;
    const hint =
      problems.suggest(missing, known) ?? (known.length > 0 ? `known: ${listed(known)}` : undefined);
    const message = `There is no value "${expression}" in vars or params.yaml.`;
    problems.error('unknown-name', range, message, { hint, about: expression });
    return undefined;
  }
  const fits =
    value.kind === 'scalar' || takes === 'anything' || (takes === 'options' && value.kind === 'map');
  if (!fits) {
    const what = value.kind === 'map' ? 'a map' : 'a list';
    const hint = 'name one value inside it';
    problems.error('not-a-scalar', range, `${written} is ${what}, which cannot stand here.`, { hint });
    return undefined;
  }
  return placedAt(value, range, expression);
}

function textOf(
  value: Node,
  hole: RegExpExecArray,
  node: ScalarNode,
  template: Template,
): string | undefined {
  if (value.kind === 'scalar') return dvcText(value);
  const range = template.problems.narrow(node.range, hole[0]);
  const options = value.kind === 'map' && template.takes === 'options' ? optionsText(value) : undefined;
  if (options?.ok) return options.value;
  const message =
    options === undefined
      ? `${hole[0]} is a ${value.kind}, which cannot stand inside text.`
      : `${hole[0]} holds a list inside the list "${options.error}", which is no option of a command.`;
  template.problems.error('not-a-scalar', range, message, { hint: 'name one value inside it' });
  return undefined;
}

type Missing = { readonly missing: string; readonly known: readonly string[] };

function select(vars: MapNode, expression: string): Node | Missing {
  let node: Node = vars;
  for (const part of expression.replaceAll('[', '.').replaceAll(']', '').split('.')) {
    const name = part.trim();
    const next: Node | undefined = member(node, name);
    if (next === undefined)
      return { missing: name, known: node.kind === 'map' ? [...node.entries.keys()] : [] };
    node = next;
  }
  return node;
}

/** Of a list by its index, from the end if negative. */
export function member(node: Node, name: string): Node | undefined {
  if (node.kind === 'map') return node.entries.get(name)?.value;
  return node.kind === 'list' && /^[-+]?\d+$/.test(name) ? node.items.at(Number(name)) : undefined;
}

/** What comes from another file is shown where it is asked for. */
export function placedAt(node: Node, range: Range, from: string): Node {
  switch (node.kind) {
    case 'scalar':
      return { ...node, range, from };
    case 'list':
      return { ...node, range, from, items: node.items.map((item) => placedAt(item, range, from)) };
    case 'map': {
      const entries = [...node.entries.values()];
      return mapNode(
        range,
        entries.map(({ key, value }) => ({ key, keyRange: range, value: placedAt(value, range, from) })),
        from,
      );
    }
  }
}
