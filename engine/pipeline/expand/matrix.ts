/** @file `matrix:` of a stage -> its combinations, in the order in which they are written. */
import type { Json } from '../../../base/json.ts';
import { isName, isScalarValue, listed, valueLabel } from '../names.ts';
import type { Problems } from '../problems.ts';
import { type Entry, type MapNode, type Node, type Range, toJson } from '../yaml/tree.ts';
import { badName, type Draft, type StageDraft } from './draft.ts';
import { interpolate, type Scope } from './interpolate.ts';

export interface AxisValue {
  /** By which the instance is named: the value, or the `id` of a map. */
  readonly label: string;
  readonly node: Node;
  readonly json: Json;
}
export type Combination = ReadonlyMap<string, AxisValue>;

export interface Fan {
  readonly axes: readonly { readonly name: string; readonly range: Range }[];
  readonly combinations: readonly Combination[];
}

const MAX_INSTANCES = 100_000;
const SINGLE: Fan = { axes: [], combinations: [new Map()] };

/** Fans of all stages by name; undefined for a stage whose matrix is wrong. */
export function fansOf(draft: Draft, scope: Scope): ReadonlyMap<string, Fan | undefined> {
  const fans = new Map<string, Fan | undefined>();
  const open: string[] = [];
  let total = 0;

  function fanOf(stage: StageDraft): Fan | undefined {
    if (fans.has(stage.name)) return fans.get(stage.name);
    open.push(stage.name);
    const fan = read(stage);
    open.pop();
    fans.set(stage.name, fan);
    return fan;
  }

  function read(stage: StageDraft): Fan | undefined {
    const entry = stage.node.entries.get('matrix');
    if (entry === undefined) return SINGLE;
    const node = interpolate(entry.value, scope);
    if (node.kind === 'map') return fanFrom(node, entry.keyRange, scope.problems);
    // Another type was refused with the stage's shape.
    if (node.kind !== 'scalar' || typeof node.value !== 'string' || node.value.includes('${'))
      return undefined;
    return shared(node.value, entry);
  }

  /** `matrix: rrhf`: the axes of that stage. */
  function shared(name: string, entry: Entry): Fan | undefined {
    const { problems } = scope;
    const range = entry.value.range;
    const other = draft.stages.get(name);
    if (other === undefined) {
      if (draft.broken.has(name)) return undefined;
      const hint =
        problems.suggest(name, draft.stages.keys()) ?? 'give axes: {seed: [1, 2]}, or the name of a stage';
      problems.error('unknown-stage', range, `matrix: there is no stage "${name}" to share axes with.`, {
        hint,
      });
      return undefined;
    }
    if (open.includes(name)) {
      problems.error(
        'cycle',
        range,
        `matrix: the axes of ${[...open.slice(open.indexOf(name)), name].join(' -> ')} are their own.`,
        { hint: 'write the axes out in one of them' },
      );
      return undefined;
    }
    const fan = fanOf(other);
    if (fan === undefined || fan.axes.length > 0)
      return (
        fan && { axes: fan.axes.map((axis) => ({ name: axis.name, range })), combinations: fan.combinations }
      );
    problems.error('no-axes', range, `matrix: the stage "${name}" has no matrix of its own.`, {
      hint: `give ${name} a matrix:, or write the axes here`,
    });
    return undefined;
  }

  for (const stage of draft.stages.values()) {
    const count = fanOf(stage)?.combinations.length ?? 0;
    total += count;
    if (total > MAX_INSTANCES) {
      scope.problems.error(
        'too-many-stages',
        stage.nameRange,
        `The pipeline expands to more than ${MAX_INSTANCES} stages.`,
        { hint: 'shorten the lists under matrix:' },
      );
      fans.set(stage.name, undefined);
    }
  }
  return fans;
}

function fanFrom(node: MapNode, range: Range, problems: Problems): Fan | undefined {
  const before = problems.errors.length;
  const lists = [...node.entries.values()].filter(({ key }) => key !== 'include' && key !== 'exclude');
  const written = lists.map((entry) => ({ entry, values: axisValues(entry, problems) }));
  const included = rows(node.entries.get('include'), problems);
  // Without lists, the included combinations say what the axes are.
  const names =
    written.length > 0 ? written.map(({ entry }) => entry) : [...(included[0]?.entries.values() ?? [])];
  const axes = names.map(({ key, keyRange }) => ({ name: key, range: keyRange }));
  for (const axis of axes)
    if (!isName(axis.name)) badName(axis.name, axis.range, 'the name of an axis', problems);
  let size = 1;
  for (const { values } of written) size *= values.length;
  if (size > MAX_INSTANCES) {
    problems.error('too-many-stages', range, `This matrix has ${size} combinations.`, {
      hint: `at most ${MAX_INSTANCES}; shorten its lists`,
    });
  }
  if (problems.errors.length > before) return undefined;
  let combinations: Combination[] = written.length > 0 ? [new Map()] : [];
  for (const { entry, values } of written) {
    combinations = combinations.flatMap((one) => values.map((value) => new Map(one).set(entry.key, value)));
  }
  combinations = exclude(combinations, axes, node.entries.get('exclude'), problems);
  for (const row of included) {
    const combination = includedCombination(row, axes, problems);
    if (combination !== undefined) combinations.push(combination);
  }
  if (combinations.length === 0 && problems.errors.length === before) {
    problems.error('empty-matrix', range, 'The matrix has no combination, so the stage would vanish.', {
      hint: 'give each axis at least one value',
    });
  }
  return problems.errors.length > before ? undefined : { axes, combinations };
}

function axisValues(entry: Entry, problems: Problems): AxisValue[] {
  const nodes = entry.value.kind === 'list' ? entry.value.items : [entry.value];
  if (nodes.length === 0) {
    problems.error('empty-matrix', entry.value.range, `The axis "${entry.key}" has no values.`, {
      hint: 'give it at least one',
    });
  }
  return nodes.flatMap((node) => axisValue(entry.key, node, problems) ?? []);
}

function axisValue(axis: string, node: Node, problems: Problems): AxisValue | undefined {
  if (node.kind === 'scalar' && typeof node.value === 'string' && problems.errorAt(node.range))
    return undefined;
  const json = toJson(node);
  if (isScalarValue(json)) return { label: valueLabel(json), node, json };
  const id = node.kind === 'map' ? node.entries.get('id')?.value : undefined;
  if (id?.kind === 'scalar' && id.value !== null) return { label: valueLabel(id.value), node, json };
  problems.error(
    'missing-id',
    node.range,
    `A ${node.kind} as a value of the axis "${axis}" needs an id to be named by.`,
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
    const kept = left.filter((one) => !wanted.every(([axis, label]) => one.get(axis)?.label === label));
    if (wanted.length === row.entries.size && kept.length === left.length) {
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
