/** @file A pipeline put in its place: its stages fanned out, and those that are pipelines opened, all the way down. */
import { resolve } from 'node:path';
import type { StageId } from '../../../base/ids.ts';
import type { MapNode } from '../yaml/tree.ts';
import { bind } from './bind.ts';
import type { Binder, Bound, Given } from './binder.ts';
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
  const { draft, inside } = override(written.draft, placement.overlay, bare);
  const scope: Scope = { ...bare, with: draft.with };
  const fans = fansOf(draft, scope, shared.allowance);
  const stages = new Map<string, FramedStage>();
  const unfit = new Set([
    ...draft.broken,
    ...[...fans].flatMap(([name, fan]) => (fan === undefined ? [name] : [])),
  ]);
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
    if (fan !== undefined) stages.set(stage.name, framed(stage, fan));
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

  function framed(stage: StageDraft, fan: Fan): FramedStage {
    const used = new Set<string>();
    const inner: Scope = {
      ...scope,
      used: (root, name) => (root === 'matrix' ? used.add(name) : scope.used(root, name)),
    };
    const axes = fan.axes.map((axis) => axis.name);
    const lastRound = fan.rounds === undefined ? undefined : String(fan.rounds.count);
    const frames: Frame[] = [];
    const instances =
      stage.form === 'pipeline'
        ? nestedIn(stage, fan, inner, used, frames)
        : fan.combinations.map((combination) => task(stage, combination, inner));
    return { name: stage.name, axes, instances, lastRound, draft: stage, fan, used, frames };
  }

  function task(stage: TaskDraft, combination: Combination, inner: Scope): Task {
    const made = taskOf(stage, combination, inner, tools, position);
    shared.tasks.set(made.id, made);
    if (made.leftOut !== undefined) shared.leftOut.set(made.id, made.leftOut);
    return made;
  }

  /** Rounds of one combination stand together, the first one first. */
  function nestedIn(
    stage: NestedDraft,
    fan: Fan,
    inner: Scope,
    used: Set<string>,
    frames: Frame[],
  ): Nested[] {
    let series: Series = { rounds: [], settled: 0 };
    return fan.combinations.map((combination) => {
      if (series.rounds.length === (fan.rounds?.count ?? 1)) series = { rounds: [], settled: 0 };
      const head = headOf(stage, combination, inner, tools, position);
      const alignedOn = (axis: string): void => void used.add(axis);
      const referrer: Referrer = { name: stage.name, axes: combination, alignedOn };
      const asked = {
        stage,
        node: head.node,
        scope: head.scope,
        rounds: fan.rounds,
        round: series.rounds.length + 1,
      };
      const laid = laidOver(asked, problems);
      const childFolder = resolve(stage.child.folder);
      const frame = frameOf(
        stage.child,
        {
          position: {
            ids: `${head.id}/`,
            names: `${position.names}${stage.name}/`,
            within: [...position.within, { name: stage.name, axes: valuesOf(combination) }],
            folder: childFolder === shared.folder ? undefined : childFolder,
            leftOut: position.leftOut ?? whenOf(head.node.entries.get('when')?.value, head.scope),
          },
          overlay: { with: laid.with, in: new Map(), set: inside.get(stage.name) ?? NONE },
          given: givenTo(laid.in, asked, series, { referrer, binder }),
          outer: { spot: { problems, range: laid.range }, name: stage.name },
          limits: limitsBelow(scope.limits, placement.limits),
        },
        shared,
      );
      frames.push(frame);
      const { id, local, node } = head;
      const nested: Nested = {
        form: 'pipeline',
        id,
        local,
        axes: combination,
        node,
        draft: stage,
        output: frame.output,
      };
      series.rounds.push(nested);
      return nested;
    });
  }
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
