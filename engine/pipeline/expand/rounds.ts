/** @file `rounds:` and `carry:` of a pipeline as a stage: how often it runs, and what goes from one round to the next. */
import type { Problems } from '../problems.ts';
import { type Entry, type MapNode, type Node, type Range, toJson } from '../yaml/tree.ts';
import { MAX_INSTANCES } from './combinations.ts';
import type { NestedDraft } from './draft.ts';
import { interpolate, type Scope } from './interpolate.ts';
import type { Fan } from './matrix.ts';

/** The axis by which rounds are told apart. */
export const ROUND = 'round';

export interface Rounds {
  readonly range: Range;
  readonly count: number;
  /** Laid over the stage's own `with` and `in`, the first round's first; none for a number. */
  readonly overlays: readonly MapNode[];
  /** Input of the child -> output of its round before. */
  readonly carry: readonly Carried[];
}
export interface Carried {
  readonly input: string;
  readonly output: string;
  readonly range: Range;
}

/** Null for a stage without `rounds:`, undefined after an error. */
export function roundsOf({ node, child }: NestedDraft, scope: Scope): Rounds | null | undefined {
  const { problems } = scope;
  const entry = node.entries.get('rounds');
  const carry = node.entries.get('carry');
  if (entry === undefined) {
    if (carry === undefined) return null;
    problems.error(
      'missing-key',
      carry.keyRange,
      'carry: goes from one round to the next, and there are no rounds.',
      {
        hint: 'add rounds: with their number',
      },
    );
    return undefined;
  }
  const carried = carriedBy(carry, child, problems);
  // Overlays may use the round itself; they are filled in where it is known.
  const value = entry.value.kind === 'scalar' ? interpolate(entry.value, scope) : entry.value;
  const read = numberOrList(value, entry, problems);
  return read && { range: entry.keyRange, ...read, carry: carried };
}

function numberOrList(
  value: Node,
  entry: Entry,
  problems: Problems,
): Pick<Rounds, 'count' | 'overlays'> | undefined {
  if (problems.errorAt(value.range)) return undefined;
  if (value.kind === 'list' && value.items.length > 0 && value.items.every(isOverlay)) {
    return { count: value.items.length, overlays: value.items };
  }
  const count = value.kind === 'scalar' ? value.value : undefined;
  if (typeof count === 'number' && Number.isInteger(count) && count >= 1) {
    if (count <= MAX_INSTANCES) return { count, overlays: [] };
    problems.error('too-many-stages', value.range, `${count} rounds are too many.`, {
      hint: `at most ${MAX_INSTANCES}`,
    });
    return undefined;
  }
  // One that is written as a list has had its errors with the stage's shape.
  if (entry.value.kind === 'list') return undefined;
  const shown = JSON.stringify(toJson(value));
  const message = `rounds: must be a whole number from 1, or a list of {with, in}, but is ${shown.length > 60 ? `${shown.slice(0, 57)}...` : shown}.`;
  problems.error('out-of-range', value.range, message, { hint: `write ${entry.key}: 3` });
  return undefined;
}

function isOverlay(node: Node): node is MapNode {
  return (
    node.kind === 'map' &&
    [...node.entries.values()].every(
      ({ key, value }) => (key === 'with' || key === 'in') && value.kind === 'map',
    )
  );
}

/** What can be carried; names that the child does not have are told. */
function carriedBy(
  entry: Entry | undefined,
  child: NestedDraft['child'],
  problems: Problems,
): readonly Carried[] {
  if (entry?.value.kind !== 'map') return [];
  const carried: Carried[] = [];
  for (const { key: input, keyRange, value } of entry.value.entries.values()) {
    // Another type was refused with the stage's shape.
    if (value.kind !== 'scalar' || typeof value.value !== 'string') continue;
    const output = value.value;
    if (known(child.draft.in, input, 'unknown-input', `"${child.file}" has no input`, keyRange)) {
      if (known(child.draft.out, output, 'unknown-output', `"${child.file}" has no output`, value.range))
        carried.push({ input, output, range: value.range });
    }
  }
  return carried;

  function known(face: MapNode, name: string, code: string, words: string, range: Range): boolean {
    if (face.entries.has(name)) return true;
    const names = [...face.entries.keys()];
    problems.error(code, range, `carry: ${words} "${name}".`, {
      hint:
        problems.suggest(name, names) ??
        (names.length > 0 ? `it has ${names.slice(0, 12).join(', ')}` : 'it has none; declare it there'),
    });
    return false;
  }
}

/** Every combination in every round. Undefined after an error. */
export function fanOfRounds(fan: Fan, rounds: Rounds, problems: Problems): Fan | undefined {
  const taken = fan.axes.find(({ name }) => name === ROUND);
  if (taken !== undefined) {
    problems.error('reserved-name', taken.range, 'A stage with rounds: has an axis "round" already.', {
      hint: 'rename the axis of the matrix, or delete rounds:',
    });
    return undefined;
  }
  const { count, range } = rounds;
  if (count * fan.combinations.length > MAX_INSTANCES) {
    problems.error(
      'too-many-stages',
      range,
      `The matrix and its rounds make more than ${MAX_INSTANCES} stages.`,
      {
        hint: 'shorten the lists under matrix:',
      },
    );
    return undefined;
  }
  const values = Array.from({ length: count }, (_, index) => {
    const json = index + 1;
    return { label: String(json), json, node: { kind: 'scalar' as const, range, value: json } };
  });
  return {
    axes: [...fan.axes, { name: ROUND, range }],
    combinations: fan.combinations.flatMap((one) => values.map((value) => new Map(one).set(ROUND, value))),
    rounds,
  };
}
