/** @file `foreach` and `matrix`: one entry of the file as the stages that it stands for, named as DVC names them. */
import type { Problems } from '../problems.ts';
import { type Entry, type MapNode, mapNode, type Node, type Range, type ScalarNode } from '../yaml/tree.ts';
import { fill, type Template } from './template.ts';
import { dvcText } from './text.ts';
import type { Vars } from './vars.ts';

/** A stage before its values are in place. */
export interface Generated {
  /** `train@3-adam` */
  readonly id: string;
  /** `train` */
  readonly name: string;
  readonly definition: MapNode;
  readonly vars: Vars;
  readonly reserved: ReadonlySet<string>;
  readonly range: Range;
}

/** The stages of one entry of `stages:`; those that cannot be made are in `problems`. */
export function generate(
  { key: name, keyRange: range, value }: Entry,
  vars: Vars,
  problems: Problems,
): Generated[] {
  if (value.kind !== 'map') return [];
  const plain = { id: name, name, definition: value, vars, reserved: new Set<string>(), range };
  const foreach = value.entries.get('foreach');
  const matrix = value.entries.get('matrix');
  if (foreach === undefined && matrix === undefined) return [plain];
  const template: Template = { vars: vars.values, problems, takes: 'anything' };
  const data = fill((foreach ?? (matrix as Entry)).value, template);
  if (data === undefined) return [];
  const items = foreach === undefined ? combinations(data, problems) : itemsOf(data, foreach, problems);
  const body = foreach === undefined ? without(value, 'matrix') : value.entries.get('do')?.value;
  if (body?.kind !== 'map') return [];
  return named(items, name, range, problems).map(({ key, item, hasKey }) => {
    const own: Entry[] = [{ key: 'item', keyRange: range, value: item }];
    if (hasKey) own.push({ key: 'key', keyRange: range, value: { kind: 'scalar', range, value: key } });
    warnShadowed(own, vars, name, range, problems);
    const entries = new Map(vars.values.entries);
    for (const entry of own) entries.set(entry.key, entry);
    return {
      ...plain,
      id: `${name}@${key}`,
      definition: body,
      vars: { ...vars, values: { ...vars.values, entries } },
      reserved: new Set(own.map((entry) => entry.key)),
    };
  });
}

interface Item {
  readonly key: string;
  readonly item: Node;
  /** `${key}` is known: not for the items of a list. */
  readonly hasKey: boolean;
}

/** A list of plain values is named by them, any other by position, a map by its keys. */
function itemsOf(data: Node, foreach: Entry, problems: Problems): Item[] {
  switch (data.kind) {
    case 'map':
      return [...data.entries.values()].map(({ key, value }) => ({ key, item: value, hasKey: true }));
    case 'list': {
      const plain = data.items.every((item) => item.kind === 'scalar');
      return data.items.map((item, i) => {
        return { key: plain ? dvcText(item as ScalarNode) : String(i), item, hasKey: false };
      });
    }
    case 'scalar':
      problems.error('wrong-type', foreach.value.range, 'foreach must be a list or a map.', {
        hint: 'give a list, a map, or ${name} of one',
      });
      return [];
  }
}

/** Every combination, the last axis running fastest; what is no plain value is named by axis and position. */
function combinations(data: Node, problems: Problems): Item[] {
  if (data.kind !== 'map') return [];
  let all: { readonly words: readonly string[]; readonly entries: readonly Entry[] }[] = [
    { words: [], entries: [] },
  ];
  for (const { key, keyRange, value } of data.entries.values()) {
    if (value.kind !== 'list') {
      problems.error('wrong-type', value.range, `The axis "${key}" of the matrix must be a list.`, {
        hint: 'write [value, ...], or ${name} of a list',
      });
      return [];
    }
    all = all.flatMap(({ words, entries }) =>
      value.items.map((item, i) => ({
        words: [...words, item.kind === 'scalar' ? dvcText(item) : `${key}${i}`],
        entries: [...entries, { key, keyRange, value: item }],
      })),
    );
  }
  return all.map(({ words, entries }) => {
    return { key: words.join('-'), item: mapNode(data.range, entries), hasKey: true };
  });
}

/** Two items of one name would be one stage: the second would be lost without a word. */
function named(items: readonly Item[], name: string, range: Range, problems: Problems): Item[] {
  const seen = new Map<string, Item>();
  for (const item of items) {
    const first = seen.get(item.key);
    if (first === undefined) seen.set(item.key, item);
    else if (textOf(first.item) === textOf(item.item)) {
      problems.warn(
        'duplicate-value',
        range,
        `"${name}" has the item "${item.key}" twice; it is one stage.`,
        {
          hint: 'delete one',
          about: item.key,
        },
      );
    } else {
      const both = `${textOf(first.item)} and ${textOf(item.item)}`;
      problems.error('colliding-names', range, `Two stages would be called "${name}@${item.key}": ${both}.`, {
        hint: 'use values whose texts differ, or a map with a name for each',
        about: item.key,
      });
    }
  }
  return [...seen.values()];
}

function warnShadowed(
  own: readonly Entry[],
  { values }: Vars,
  name: string,
  range: Range,
  problems: Problems,
): void {
  for (const { key } of own) {
    if (!values.entries.has(key)) continue;
    problems.warn(
      'shadowed-name',
      range,
      `In "${name}", \${${key}} is the stage's own, not the value in vars.`,
      {
        hint: 'rename the value in vars',
        about: key,
      },
    );
  }
}

function without(map: MapNode, key: string): MapNode {
  return mapNode(
    map.range,
    [...map.entries.values()].filter((entry) => entry.key !== key),
  );
}

/** Values apart that print alike: `1` and `"1"`. */
function textOf(node: Node): string {
  switch (node.kind) {
    case 'scalar':
      return typeof node.value === 'string' ? JSON.stringify(node.value) : dvcText(node);
    case 'list':
      return `[${node.items.map(textOf).join(', ')}]`;
    case 'map':
      return `{${[...node.entries.values()].map(({ key, value }) => `${key}: ${textOf(value)}`).join(', ')}}`;
  }
}
