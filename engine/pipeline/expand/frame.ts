/** @file A pipeline put in its place: its stages fanned out, and those that are pipelines opened, all the way down. */
import { resolve } from 'node:path';
import type { StageId } from '../../../base/ids.ts';
import type { MapNode } from '../yaml/tree.ts';
import { bind } from './bind.ts';
import { type Binder, type Bound, type Given, lenient } from './binder.ts';
import type { Draft, NestedDraft, StageDraft, TaskDraft, Understood } from './draft.ts';
import { filesIn } from './files.ts';
import { headOf, type Nested, type Position, type Task, taskOf, valuesOf } from './instance.ts';
import type { Scope } from './interpolate.ts';
import { limitsBelow, limitsUnder } from './limits.ts';
import { type Allowance, type Combination, type Fan, fansOf } from './matrix.ts';
import { givenTo, laidOver, type Series } from './nested.ts';
import { type LaidValues, type Overlay, override } from './overrides.ts';
import { boundOnce } from './passed.ts';
import { createResolver, type FannedStage, type Referrer } from './resolve.ts';
import { whenOf } from './when.ts';

/** What all pipelines of one load share. */
export interface Shared {
  /** In the order of the files. */
  readonly tasks: Map<StageId, Task>;
  readonly passed: Binder['passed'];
  readonly allowance: Allowance;
  /** Why stages take no part. */
  readonly leftOut: Map<StageId, string>;
  /** Named tokens of all of them. */
  readonly limits: Map<string, number>;
  /** The main pipeline's folder. */
  readonly folder: string;
  readonly cwd: string;
}

/** Where a pipeline is put, and with what. */
export interface Placement {
  readonly position: Position;
  readonly overlay: Overlay;
  readonly given: ReadonlyMap<string, Given>;
  readonly outer: Binder['outer'];
  /** Limits of the pipelines around it. */
  readonly limits: MapNode | undefined;
}

export interface FramedStage extends FannedStage {
  readonly draft: StageDraft;
  readonly fan: Fan;
  /** Axes that something in it depends on. */
  readonly used: Set<string>;
  readonly frames: readonly Frame[];
}

export interface Frame {
  readonly written: Understood;
  readonly draft: Draft;
  readonly stages: ReadonlyMap<string, FramedStage>;
  readonly binder: Binder;
  readonly given: ReadonlyMap<string, Given>;
  /** What a name under `out:` stands for. */
  output(name: string): Bound;
}

export function frameOf(written: Understood, placement: Placement, shared: Shared): Frame {
  const { tools, folder } = written;
  const { problems } = tools;
  const { position, given, outer } = placement;
  const bare: Scope = {
    with: undefined,
    matrix: undefined,
    limits: limitsUnder(written.draft.limits, placement.limits, shared.limits, problems),
    problems,
    used: (root, name) => root === 'with' && written.used.with.add(name),
  };
  const { draft, inside: below } = override(written.draft, placement.overlay, bare);
  const scope: Scope = { ...bare, with: draft.with };
  const fans = fansOf(draft, scope, shared.allowance);
  const stages = new Map<string, FramedStage>();
  const unfit = new Set(draft.broken);
  const binder: Binder = {
    problems,
    resolver: createResolver(stages, unfit, position.ids, problems),
    files: filesIn(folder, shared.cwd, tools.reads, problems),
    inputs: draft.in,
    given,
    outer,
    usedInput: (name) => written.used.in.add(name),
    groups: new Map(),
    tasks: shared.tasks,
    passed: shared.passed,
  };
  const outputs = new Map<string, () => Bound>();
  for (const stage of draft.stages.values()) {
    const fan = fans.get(stage.name);
    const whole = fan && framed(stage, fan);
    if (whole === undefined) unfit.add(stage.name);
    else stages.set(stage.name, whole);
  }
  return { written, draft, stages, binder, given, output };

  function output(name: string): Bound {
    let known = outputs.get(name);
    if (known === undefined) {
      known = outputOf(name, draft.out, binder, position);
      outputs.set(name, known);
    }
    return known();
  }

  function framed(stage: StageDraft, fan: Fan): FramedStage | undefined {
    const used = new Set<string>();
    const inner: Scope = {
      ...scope,
      used: (root, name) => (root === 'matrix' ? used.add(name) : scope.used(root, name)),
    };
    const axes = fan.axes.map((axis) => axis.name);
    const lastRound = fan.rounds === undefined ? undefined : String(fan.rounds.count);
    const common = { name: stage.name, axes, lastRound, draft: stage, fan, used };
    if (stage.form !== 'pipeline') {
      return { ...common, instances: fan.combinations.map((one) => task(stage, one, inner)), frames: [] };
    }
    const opened: { nested: Nested; frame: Frame }[] = [];
    let series: Series = { rounds: [], settled: 0 };
    for (const combination of fan.combinations) {
      // More than there may be, which is told already.
      if (shared.allowance.left < 0) return undefined;
      // Rounds of one combination stand together, the first one first.
      if (series.rounds.length === (fan.rounds?.count ?? 1)) series = { rounds: [], settled: 0 };
      const one = open(stage, combination, { inner, used, series, rounds: fan.rounds });
      series.rounds.push(one.nested);
      opened.push(one);
    }
    const instances = opened.map(({ nested }) => nested);
    return { ...common, instances, frames: opened.map(({ frame }) => frame) };
  }

  function task(stage: TaskDraft, combination: Combination, inner: Scope): Task {
    const made = taskOf(stage, combination, inner, tools, position);
    shared.tasks.set(made.id, made);
    if (made.leftOut !== undefined) shared.leftOut.set(made.id, made.leftOut);
    return made;
  }

  function open(
    stage: NestedDraft,
    combination: Combination,
    { inner, used, series, rounds }: Opening,
  ): { readonly nested: Nested; readonly frame: Frame } {
    const { name, child } = stage;
    const { id, local, node, scope: here } = headOf(stage, combination, inner, tools, position);
    const referrer: Referrer = { name, axes: combination, alignedOn: (axis) => void used.add(axis) };
    const asked = { stage, node, scope: here, rounds, round: series.rounds.length + 1 };
    const laid = laidOver(asked, problems);
    const leftOut = position.leftOut ?? whenOf(node.entries.get('when')?.value, here);
    const from = leftOut === undefined ? binder : lenient(binder);
    const childFolder = resolve(child.folder);
    const inside: Placement = {
      position: {
        ids: `${id}/`,
        names: `${position.names}${name}/`,
        within: [...position.within, { name, axes: valuesOf(combination) }],
        folder: childFolder === shared.folder ? undefined : childFolder,
        leftOut,
      },
      overlay: { with: laid.with, in: new Map(), set: below.get(name) ?? NONE },
      given: givenTo(laid.in, asked, series, { referrer, binder: from }),
      outer: { spot: { problems, range: laid.range }, name },
      limits: limitsBelow(scope.limits, placement.limits),
    };
    const frame = frameOf(child, inside, shared);
    return {
      nested: { form: 'pipeline', id, local, axes: combination, node, draft: stage, output: frame.output },
      frame,
    };
  }
}

/** What one instance of a pipeline is made from, beside its combination. */
interface Opening {
  readonly inner: Scope;
  readonly used: Set<string>;
  readonly series: Series;
  readonly rounds: Fan['rounds'];
}

const NONE: LaidValues = new Map();

const NOBODY: Referrer = { name: undefined, axes: new Map(), alignedOn: () => undefined };

function outputOf(name: string, out: MapNode, binder: Binder, { names }: Position): () => Bound {
  const { problems } = binder;
  const entry = out.entries.get(name);
  if (entry === undefined) throw new Error(`Internal error: no output ${name} in ${names}`);
  const whole = names === '' ? 'the pipeline' : `"${names.slice(0, -1)}"`;
  const expected = {
    what: `Output "${name}" of ${whole}`,
    types: undefined,
    arity: 'any',
    // A pipeline that is a stage may pass on what it was not given.
    optional: names !== '',
  } as const;
  const spot = { problems, range: entry.value.range };
  return boundOnce(spot, () => bind(entry, expected, NOBODY, binder));
}
