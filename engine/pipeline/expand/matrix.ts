/** @file `matrix:` of a stage -> its combinations, in the order in which they are written. */
import type { Json } from '../../../base/json.ts';
import type { Entry, Node, Range } from '../yaml/tree.ts';
import { fanFrom, MAX_INSTANCES } from './combinations.ts';
import type { Draft, StageDraft } from './draft.ts';
import { interpolate, type Scope } from './interpolate.ts';
import { fanOfRounds, type Rounds, roundsOf } from './rounds.ts';

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
  /** Of a stage with rounds of its own; `round` is its last axis. */
  readonly rounds?: Rounds;
}

/** Instances that a pipeline may have, its children's among them. */
export interface Allowance {
  left: number;
}

const SINGLE: Fan = { axes: [], combinations: [new Map()] };

/** Fans of all stages by name; undefined for a stage whose matrix is wrong. */
export function fansOf(
  draft: Draft,
  scope: Scope,
  allowance: Allowance,
): ReadonlyMap<string, Fan | undefined> {
  const fans = new Map<string, Fan | undefined>();
  const open: string[] = [];

  function fanOf(stage: StageDraft): Fan | undefined {
    if (fans.has(stage.name)) return fans.get(stage.name);
    open.push(stage.name);
    const fan = repeated(read(stage), stage);
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

  function repeated(fan: Fan | undefined, stage: StageDraft): Fan | undefined {
    const rounds = stage.form === 'pipeline' ? roundsOf(stage, scope) : null;
    if (fan === undefined || rounds === null) return fan;
    return rounds && fanOfRounds(fan, rounds, scope.problems);
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
    allowance.left -= fanOf(stage)?.combinations.length ?? 0;
    if (allowance.left < 0) {
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
