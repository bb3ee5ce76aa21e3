/** @file `with: {from: params.yaml}`: parameters that stand in files of their own. */
import { isName } from '../names.ts';
import type { Problems } from '../problems.ts';
import { type Entry, fromJson, type MapNode, type Node, type Range, toJson } from '../yaml/tree.ts';
import type { DraftTools } from './draft.ts';
import { parseTemplate } from './template.ts';

/** Says where parameters come from, so no parameter is called so. */
const FROM = 'from';

/** The pipeline's `with` with what its files say; later files win over earlier ones, the pipeline over all. */
export function withParameters(node: MapNode, tools: DraftTools): MapNode {
  const from = node.entries.get(FROM)?.value;
  if (from === undefined) return node;
  const entries = new Map<string, Entry>();
  for (const item of from.kind === 'list' ? from.items : [from]) {
    // Another type was refused with the file's shape.
    if (item.kind !== 'scalar' || typeof item.value !== 'string') continue;
    for (const entry of tools.parameters(item.value, item.range)) entries.set(entry.key, entry);
  }
  for (const [key, entry] of node.entries) if (key !== FROM) entries.set(key, entry);
  return { ...node, entries };
}

/** What a file of parameters declares, checked in its own place; `shown` is the file as people know it. */
export function readParameters(root: Node | undefined, shown: string, problems: Problems): Entry[] {
  if (root === undefined || (root.kind === 'scalar' && root.value === null)) return [];
  if (root.kind !== 'map') {
    problems.error('wrong-type', root.range, 'A file of parameters is a map of names to values.', {
      hint: 'write name: value',
    });
    return [];
  }
  return [...root.entries.values()].map(({ key, keyRange, value }) => {
    if (!isName(key)) {
      problems.error('bad-name', keyRange, `"${key}" cannot be the name of a parameter.`, {
        hint: 'a letter first, then letters, digits, - and _',
      });
    }
    if (key === FROM) {
      problems.error('reserved-name', keyRange, 'A file of parameters takes none from another file.', {
        hint: 'list both files under with.from of the pipeline',
      });
    }
    const plain = isPlain(value, problems) ? toJson(value) : null;
    return { key, keyRange, value: fromJson(plain, keyRange, `${key} of ${shown}`) };
  });
}

/** As the defaults of a pipeline's own `with`: nothing is put into them. */
function isPlain(node: Node, problems: Problems): boolean {
  if (node.kind === 'list') return all(node.items, problems);
  if (node.kind === 'map')
    return all(
      [...node.entries.values()].map(({ value }) => value),
      problems,
    );
  const { parts, unclosed } = parseTemplate(String(node.value));
  if (!unclosed && parts.every((part) => typeof part === 'string')) return true;
  problems.error('unknown-name', node.range, 'Parameters are plain data: nothing can be put into them.', {
    hint: 'write the value itself, or $${ for the characters',
  });
  return false;
}

/** Asks all of them, so that every problem is told. */
function all(nodes: readonly Node[], problems: Problems): boolean {
  return nodes.map((node) => isPlain(node, problems)).every(Boolean);
}

/** Shown where the pipeline names the file: that is what the user looks at. */
export function movedTo(range: Range, entries: readonly Entry[]): Entry[] {
  return entries.map(({ key, value }) => ({
    key,
    keyRange: range,
    value: fromJson(toJson(value), range, value.from ?? key),
  }));
}
