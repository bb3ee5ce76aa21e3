/** @file The combinations of one written matrix: product of the lists, less `exclude`, plus `include`. */
import { axesText, isName, isScalarValue, listed, valueLabel } from '../names.ts';
import type { Problems } from '../problems.ts';
import { type Entry, type MapNode, type Node, type Range, toJson } from '../yaml/tree.ts';
import { badName } from './draft.ts';
import type { AxisValue, Combination, Fan } from './matrix.ts';

export const MAX_INSTANCES = 100_000;

/**
 * The fan of `{axis: values, include, exclude}`. It can come with errors, so that the rest of the stage is still
 * checked; undefined when the stage's instances cannot be told.
 */
export function fanFrom(node: MapNode, range: Range, problems: Problems): Fan | undefined {
  const lists = [...node.entries.values()].filter(({ key }) => key !== 'include' && key !== 'exclude');
  const included = rows(node.entries.get('include'), problems);
  // Without lists, the included combinations say what the axes are.
  const names = lists.length > 0 ? lists : [...(included[0]?.entries.values() ?? [])];
  const axes = names.map(({ key, keyRange }) => ({ name: key, range: keyRange }));
  for (const axis of axes) {
    if (!isName(axis.name)) badName(axis.name, axis.range, 'the name of an axis', problems);
  }
  const values = lists.map((entry) => axisValues(entry, problems));
  const size = values.reduce((product, list) => product * (list?.length ?? 1), 1);
  if (size > MAX_INSTANCES) {
    problems.error('too-many-stages', range, `This matrix has ${size} combinations.`, {
      hint: `at most ${MAX_INSTANCES}; shorten its lists`,
    });
    return undefined;
  }
  let combinations: Combination[] = lists.length > 0 ? [new Map()] : [];
  for (const [index, list] of values.entries()) {
    const axis = (lists[index] as Entry).key;
    if (list === undefined) return undefined;
    combinations = combinations.flatMap((one) => list.map((value) => new Map(one).set(axis, value)));
  }
  combinations = exclude(combinations, axes, node.entries.get('exclude'), problems);
  include(combinations, included, axes, problems);
  if (combinations.length > 0) return { axes, combinations };
  if (included.length === 0) {
    problems.error('empty-matrix', range, 'The matrix has no combination, so the stage would vanish.', {
      hint: 'give each axis at least one value',
    });
  }
  return undefined;
}

function axisValues(entry: Entry, problems: Problems): readonly AxisValue[] | undefined {
  const nodes = entry.value.kind === 'list' ? entry.value.items : [entry.value];
  if (nodes.length === 0) {
    problems.error('empty-matrix', entry.value.range, `The axis "${entry.key}" has no values.`, {
      hint: 'give it at least one',
    });
    return undefined;
  }
  const values = new Map<string, AxisValue>();
  let whole = true;
  for (const node of nodes) {
    const value = axisValue(entry.key, node, problems);
    if (value === undefined) {
      whole = false;
      continue;
    }
    const same = values.get(value.label);
    if (same === undefined) values.set(value.label, value);
    else duplicate(`${entry.key}=${value.label}`, node.range, same.node.range, problems);
  }
  return whole ? [...values.values()] : undefined;
}

function duplicate(name: string, range: Range, first: Range, problems: Problems): void {
  const elsewhere = first[0] !== range[0];
  problems.error('duplicate-instance', range, `Two instances would be named [${name}].`, {
    hint: 'values of an axis must differ as they are written; a map is named by its id',
    related: elsewhere ? [{ message: 'the other is here', range: first }] : [],
  });
}

function axisValue(axis: string, node: Node, problems: Problems): AxisValue | undefined {
  if (problems.errorAt(node.range)) return undefined;
  const json = toJson(node);
  if (isScalarValue(json)) return { label: valueLabel(json), node, json };
  const id = node.kind === 'map' ? node.entries.get('id')?.value : undefined;
  if (id?.kind === 'scalar' && id.value !== null) return { label: valueLabel(id.value), node, json };
  problems.error(
    'missing-id',
    node.range,
    `A ${node.kind} on the axis "${axis}" needs an id to be named by.`,
    {
      hint: node.kind === 'map' ? 'add id: with a short text or number' : 'write {id: NAME, values: [...]}',
    },
  );
  return undefined;
}

/** Entries of `include` and `exclude`; their shape was checked with the stage. */
function rows(entry: Entry | undefined, problems: Problems): MapNode[] {
  if (entry === undefined) return [];
  const list = entry.value.kind === 'list' ? entry.value.items : undefined;
  if (list === undefined || list.some((item) => item.kind !== 'map')) {
    problems.error(
      'wrong-type',
      entry.value.range,
      `${entry.key}: must be a list of maps from axis to value.`,
      { hint: `${entry.key}: [{seed: 1}]` },
    );
    return [];
  }
  return list as MapNode[];
}

function knownAxis(entry: Entry, axes: Fan['axes'], problems: Problems): boolean {
  const names = axes.map((axis) => axis.name);
  if (names.includes(entry.key)) return true;
  problems.error('unknown-axis', entry.keyRange, `There is no axis "${entry.key}".`, {
    hint: problems.suggest(entry.key, names) ?? `axes: ${listed(names)}`,
  });
  return false;
}

function exclude(
  combinations: Combination[],
  axes: Fan['axes'],
  entry: Entry | undefined,
  problems: Problems,
): Combination[] {
  let left = combinations;
  for (const row of rows(entry, problems)) {
    const wanted = [...row.entries.values()]
      .filter((item) => knownAxis(item, axes, problems))
      .map((item) => [item.key, axisLabel(item.value)] as const);
    // A row with an unknown axis says too little: it would exclude more than was meant.
    if (wanted.length < row.entries.size) continue;
    const kept = left.filter((one) => !wanted.every(([axis, label]) => one.get(axis)?.label === label));
    if (kept.length === left.length) {
      problems.warn('unmatched-exclude', row.range, 'This entry of exclude: matches no combination.', {
        hint: 'check its values',
      });
    }
    left = kept;
  }
  return left;
}

/** A map-valued axis may be named by the bare id. */
function axisLabel(node: Node): string | undefined {
  const named = node.kind === 'map' ? node.entries.get('id')?.value : node;
  return named?.kind === 'scalar' ? valueLabel(named.value) : undefined;
}

/** Adds the rows of `include`, none of which may name a combination that is there already. */
function include(
  combinations: Combination[],
  included: readonly MapNode[],
  axes: Fan['axes'],
  problems: Problems,
): void {
  if (included.length === 0) return;
  const name = (one: Combination): string => axesText([...one].map(([axis, value]) => [axis, value.label]));
  const known = new Map(combinations.map((one) => [name(one), undefined as Range | undefined]));
  for (const row of included) {
    const combination = includedCombination(row, axes, problems);
    if (combination === undefined) continue;
    const label = name(combination);
    if (known.has(label)) {
      duplicate(label, row.range, known.get(label) ?? row.range, problems);
      continue;
    }
    known.set(label, row.range);
    combinations.push(combination);
  }
}

function includedCombination(row: MapNode, axes: Fan['axes'], problems: Problems): Combination | undefined {
  if (![...row.entries.values()].every((entry) => knownAxis(entry, axes, problems))) return undefined;
  const combination = new Map<string, AxisValue>();
  for (const { name } of axes) {
    const entry = row.entries.get(name);
    const value = entry === undefined ? undefined : axisValue(name, entry.value, problems);
    if (entry === undefined) {
      problems.error('missing-axis', row.range, `This entry of include: does not give the axis "${name}".`, {
        hint: 'an included combination names every axis',
        about: name,
      });
    }
    if (value === undefined) return undefined;
    combination.set(name, value);
  }
  return combination;
}
