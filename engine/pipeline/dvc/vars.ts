/** @file `vars`: files, parts of files and maps, merged into one map of values. Nothing is ever set twice. */
import { resolve } from 'node:path';
import type { Problems } from '../problems.ts';
import { type Entry, type MapNode, mapNode, type Node, type Range } from '../yaml/tree.ts';
import { hasHole, placedAt } from './template.ts';
import type { ValueFiles } from './values.ts';

export const DEFAULT_FILE = 'params.yaml';

/** What is known so far. Stages add to a copy. */
export interface Vars {
  readonly values: MapNode;
  /** Files already loaded: all of them, or these keys. */
  readonly loaded: ReadonlyMap<string, readonly string[] | 'all'>;
}

export interface VarsTools {
  readonly problems: Problems;
  readonly files: ValueFiles;
  /** Names that `vars` may not set: `item` and `key` of a generated stage. */
  readonly reserved: ReadonlySet<string>;
}

const NO_VARS: Vars = { values: mapNode([0, 0], []), loaded: new Map() };

/** `params.yaml` of the folder, if there is one. */
export function defaultVars(folder: string, range: Range, tools: VarsTools): Vars {
  const path = resolve(folder, DEFAULT_FILE);
  if (tools.files.look(path) === 'missing') return NO_VARS;
  return addFile(NO_VARS, DEFAULT_FILE, folder, range, tools);
}

/** Adds the items of a `vars` list; paths start from `folder`. */
export function addVars(vars: Vars, list: Node | undefined, folder: string, tools: VarsTools): Vars {
  if (list?.kind !== 'list') return vars;
  let all = vars;
  for (const item of list.items) {
    if (interpolates(item)) {
      tools.problems.error(
        'bad-interpolation',
        item.range,
        'Values of vars: cannot be put together from others.',
        {
          hint: 'write the value itself',
        },
      );
    } else if (item.kind === 'map') {
      all = { ...all, values: merge(all.values, item, item.range, tools) };
    } else if (item.kind === 'scalar' && typeof item.value === 'string') {
      all = addFile(all, item.value, folder, item.range, tools);
    }
  }
  return all;
}

/** `params.yaml`, or `params.yaml:key1,key2`. */
function addFile(vars: Vars, item: string, folder: string, range: Range, tools: VarsTools): Vars {
  const colon = item.indexOf(':');
  const shown = colon < 0 ? item : item.slice(0, colon);
  const keys =
    colon < 0
      ? []
      : item
          .slice(colon + 1)
          .split(',')
          .filter((key) => key !== '');
  const path = resolve(folder, shown);
  const before = vars.loaded.get(path);
  if (before === 'all' && keys.length === 0) return vars;
  const twice = before === 'all' ? keys[0] : keys.find((key) => before?.includes(key));
  if (before !== undefined && (before === 'all' || keys.length === 0 || twice !== undefined)) {
    const what = before === 'all' ? 'all of it' : before.join(', ');
    tools.problems.error('vars-loaded-twice', range, `"${item}" is loaded already: ${what}.`, {
      hint: 'load a file once, or different keys of it',
    });
    return vars;
  }
  const map = tools.files.read(path, shown, range);
  if (map === undefined) return vars;
  const chosen = keys.length === 0 ? map : pick(map, keys, shown, range, tools.problems);
  const loaded = new Map(vars.loaded).set(path, keys.length === 0 ? 'all' : [...(before ?? []), ...keys]);
  return { values: merge(vars.values, placedAt(chosen, range, shown) as MapNode, range, tools), loaded };
}

function pick(
  map: MapNode,
  keys: readonly string[],
  shown: string,
  range: Range,
  problems: Problems,
): MapNode {
  const entries = keys.flatMap((key) => {
    const entry = map.entries.get(key);
    if (entry !== undefined) return [entry];
    const hint = problems.suggest(key, map.entries.keys());
    problems.error('unknown-name', range, `"${shown}" has no value "${key}".`, { hint, about: key });
    return [];
  });
  return mapNode(map.range, entries);
}

/** Maps are merged level by level; any other value may be set once. */
function merge(into: MapNode, from: MapNode, range: Range, tools: VarsTools, path = ''): MapNode {
  const entries = new Map<string, Entry>(into.entries);
  for (const entry of from.entries.values()) {
    const name = `${path}${entry.key}`;
    const old = entries.get(entry.key)?.value;
    if (path === '' && tools.reserved.has(entry.key)) {
      tools.problems.error('reserved-name', range, `"${entry.key}" is set for every generated stage.`, {
        hint: 'choose another name',
        about: name,
      });
    } else if (old?.kind === 'map' && entry.value.kind === 'map') {
      entries.set(entry.key, { ...entry, value: merge(old, entry.value, range, tools, `${name}.`) });
    } else if (old !== undefined) {
      const by = old.from === undefined ? 'above' : `in ${old.from}`;
      tools.problems.error('vars-conflict', range, `The value "${name}" is set ${by} already.`, {
        hint: 'set it in one place',
        about: name,
      });
    } else entries.set(entry.key, entry);
  }
  return { ...into, entries };
}

function interpolates(node: Node): boolean {
  switch (node.kind) {
    case 'scalar':
      return typeof node.value === 'string' && hasHole(node.value);
    case 'list':
      return node.items.some(interpolates);
    case 'map':
      return [...node.entries.values()].some(({ key, value }) => hasHole(key) || interpolates(value));
  }
}
