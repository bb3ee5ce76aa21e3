/** @file The YAML of a pipeline as a plain tree in which every value knows where it stands. */
import type { Json, JsonObject } from '../../../base/json.ts';

/** UTF-16 offsets into the file, end excluded. */
export type Range = readonly [start: number, end: number];

interface Located {
  readonly range: Range;
  /** Set when the value was not written at `range` but put there, e.g. `--with lr` or `with.lr`. */
  readonly from?: string;
}
export interface ScalarNode extends Located {
  readonly kind: 'scalar';
  readonly value: null | boolean | number | string;
  /** A number as the file spells it: `1.0` and `1` are one number, but not one text. */
  readonly written?: string;
  /** A comment of YAML's that follows text without quotes on its line: in a command it may be meant as part of it. */
  readonly comment?: Range;
}
interface ListNode extends Located {
  readonly kind: 'list';
  readonly items: readonly Node[];
}
export interface Entry {
  readonly key: string;
  readonly keyRange: Range;
  readonly value: Node;
}
export interface MapNode extends Located {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, Entry>;
}
export type Node = ScalarNode | ListNode | MapNode;

export function mapNode(range: Range, entries: Iterable<Entry>, from?: string): MapNode {
  const map = new Map<string, Entry>();
  for (const entry of entries) map.set(entry.key, entry);
  return { kind: 'map', range, entries: map, ...(from === undefined ? {} : { from }) };
}

/** Plain data. Keys are never `__proto__`: the parser refuses it. */
export function toJson(node: Node): Json {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(toJson);
    case 'map':
      return mapToJson(node);
  }
}

export function mapToJson(node: MapNode): JsonObject {
  const out: { [key: string]: Json } = {};
  for (const { key, value } of node.entries.values()) out[key] = toJson(value);
  return out;
}

/** Data from outside the file, shown at `range`. */
export function fromJson(value: Json, range: Range, from: string): Node {
  if (Array.isArray(value)) {
    return { kind: 'list', range, from, items: value.map((item: Json) => fromJson(item, range, from)) };
  }
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).map(([key, member]) => ({
      key,
      keyRange: range,
      value: fromJson(member, range, from),
    }));
    return mapNode(range, entries, from);
  }
  return { kind: 'scalar', range, from, value: value as ScalarNode['value'] };
}

export function childMap(node: MapNode | undefined, key: string): MapNode | undefined {
  const value = node?.entries.get(key)?.value;
  return value?.kind === 'map' ? value : undefined;
}

export function childText(node: MapNode, key: string): string | undefined {
  const value = node.entries.get(key)?.value;
  return value?.kind === 'scalar' && typeof value.value === 'string' ? value.value : undefined;
}
