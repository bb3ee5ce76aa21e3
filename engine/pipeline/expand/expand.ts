/** @file Draft -> graph: matrices fanned out, values put in place, references bound, stages ordered. */
import { resolve } from 'node:path';
import type { StageId } from '../../../base/ids.ts';
import type { Binding, Graph, Stage } from '../graph.ts';
import { listed } from '../names.ts';
import type { Problems } from '../problems.ts';
import { type Entry, mapNode, mapToJson } from '../yaml/tree.ts';
import { bind } from './bind.ts';
import { type Draft, type DraftTools, isMisspelt, type StageDraft } from './draft.ts';
import { anyFiles, filesIn } from './files.ts';
import { type Instance, instanceOf } from './instance.ts';
import type { Scope } from './interpolate.ts';
import { leaveOut, type Remaining } from './leave-out.ts';
import { totalsOf } from './limits.ts';
import { type Fan, fansOf } from './matrix.ts';
import { orderStages } from './order.ts';
import type { Overrides } from './overrides.ts';
import { override } from './overrides.ts';
import { createResolver, type FannedStage, type Referrer } from './resolve.ts';
import type { Binder, Need } from './source.ts';
import type { Expected } from './types.ts';

export interface Location {
  /** Absolute path of the pipeline file. */
  readonly file: string;
  readonly folder: string;
}

/** Undefined when the pipeline cannot be put together; what is wrong is in `tools.problems` either way. */
export function expand(
  written: Draft,
  overrides: Overrides,
  location: Location,
  tools: DraftTools,
): Graph | undefined {
  const { problems } = tools;
  const used = { with: new Set<string>(), in: new Set<string>() };
  const outer: Scope = {
    with: undefined,
    matrix: undefined,
    limits: written.limits,
    problems,
    used: (root, name) => root === 'with' && used.with.add(name),
  };
  const draft = override(written, overrides, outer);
  const scope: Scope = { ...outer, with: draft.with };
  const stages = new Map<string, FannedStage>();
  const axesInUse = new Map<string, Set<string>>();
  const fans = fansOf(draft, scope);
  for (const stage of draft.stages.values()) {
    const fan = fans.get(stage.name);
    if (fan === undefined) continue;
    const axes = new Set<string>();
    axesInUse.set(stage.name, axes);
    const inner: Scope = {
      ...scope,
      used: (root, name) => (root === 'matrix' ? axes.add(name) : scope.used(root, name)),
    };
    stages.set(stage.name, fannedStage(stage, fan, inner, tools));
  }
  const unfit = new Set([...draft.broken, ...[...draft.stages.keys()].filter((name) => !stages.has(name))]);
  const binder: Binder = {
    problems,
    resolver: createResolver(stages, unfit, problems),
    files: filesIn(location.folder, overrides.cwd, tools.reads, problems),
    inputs: draft.in,
    usedInput: (name) => used.in.add(name),
    groups: new Map(),
  };
  // What is left out may name files that are not there, for that is often why.
  const lenient: Binder = { ...binder, files: anyFiles, optional: true };
  const needs = new Map<StageId, readonly Need[]>();
  const bound = new Map<StageId, Stage>();
  for (const stage of stages.values()) {
    const axes = axesInUse.get(stage.name) as Set<string>;
    for (const instance of stage.instances) {
      const inputs = bindInputs(instance, axes, instance.leftOut === undefined ? binder : lenient);
      needs.set(instance.id, inputs.needs);
      bound.set(instance.id, { ...instance.stage, in: inputs.in });
    }
    checkAxes(draft.stages.get(stage.name) as StageDraft, fans.get(stage.name) as Fan, axes, problems);
  }
  const out = bindOutputs(draft, binder);
  const allInstances = [...stages.values()].flatMap((stage) => stage.instances);
  const order = orderStages(allInstances, needs, problems);
  warnUnused(draft, used, problems);
  if (order === undefined) return undefined;
  const remaining = leaveOut(
    order.map((id) => bound.get(id) as Stage),
    out,
    new Map(allInstances.flatMap(({ id, leftOut }) => (leftOut === undefined ? [] : [[id, leftOut]]))),
    ({ kind }, input) => tools.registry.manifestOf(kind)?.in[input]?.optional === true,
  );
  warnLeftOut(draft, remaining, problems);
  return {
    name: draft.name,
    file: location.file,
    folder: resolve(location.folder),
    with: mapToJson(draft.with),
    limits: totalsOf(draft.limits),
    stages: remaining.stages,
    leftOut: remaining.leftOut,
    out: remaining.out,
  };
}

function fannedStage(draft: StageDraft, fan: Fan, scope: Scope, tools: DraftTools): FannedStage {
  const instances = fan.combinations.map((combination) => instanceOf(draft, combination, scope, tools));
  return { name: draft.name, axes: fan.axes.map((axis) => axis.name), instances };
}

interface Inputs {
  readonly in: { readonly [name: string]: Binding };
  readonly needs: readonly Need[];
}

function bindInputs(instance: Instance, axes: Set<string>, binder: Binder): Inputs {
  const { problems } = binder;
  const { draft } = instance;
  const entry = instance.node.entries.get('in');
  const given = entry?.value.kind === 'map' ? entry.value : mapNode(draft.nameRange, []);
  const referrer: Referrer = { name: draft.name, axes: instance.axes, alignedOn: (axis) => axes.add(axis) };
  const bindings: { [name: string]: Binding } = {};
  const needs: Need[] = [];
  for (const item of given.entries.values()) {
    const known = expectedOf(draft, item, problems);
    if (known === undefined) continue;
    const expected = binder.optional === true ? { ...known, optional: true } : known;
    const result = bind(item, expected, referrer, binder);
    if (result.binding !== undefined) bindings[item.key] = result.binding;
    needs.push(...result.needs);
  }
  const known = draft.manifest?.in ?? {};
  const misspelt = [...given.entries.keys()].filter((name) => !Object.hasOwn(known, name));
  if (entry === undefined && isMisspelt('in', instance.node, problems)) return { in: {}, needs: [] };
  for (const [name, spec] of Object.entries(known)) {
    if (problems.suggest(name, misspelt) !== undefined) continue;
    if (
      spec.optional === true ||
      given.entries.has(name) ||
      (entry !== undefined && entry.value.kind !== 'map')
    )
      continue;
    problems.error(
      'missing-input',
      entry?.keyRange ?? draft.nameRange,
      `The stage "${draft.name}" needs the input "${name}".`,
      {
        hint: `add ${name}: under in: (${spec.description.replace(/\.$/, '')})`,
        about: name,
      },
    );
  }
  return { in: bindings, needs };
}

function expectedOf(draft: StageDraft, { key, keyRange }: Entry, problems: Problems): Expected | undefined {
  const what = `Input "${key}" of "${draft.name}"`;
  if (draft.manifest === undefined) {
    if (/^[A-Za-z][A-Za-z0-9_-]*$/.test(key)) return { what, types: undefined, arity: 'any', optional: true };
    problems.error('bad-name', keyRange, `"${key}" cannot be the name of an input.`, {
      hint: 'a letter first, then letters, digits, - and _',
    });
    return undefined;
  }
  const known = draft.manifest.in;
  const spec = Object.hasOwn(known, key) ? known[key] : undefined;
  if (spec !== undefined) {
    return { what, types: [spec.type].flat(), arity: spec.arity, optional: spec.optional === true };
  }
  const names = Object.keys(known);
  problems.error('unknown-input', keyRange, `The kind "${draft.manifest.kind}" has no input "${key}".`, {
    hint: problems.suggest(key, names) ?? (names.length > 0 ? `it takes ${listed(names)}` : 'it takes none'),
  });
  return undefined;
}

function bindOutputs(draft: Draft, binder: Binder): { readonly [name: string]: Binding } {
  const out: { [name: string]: Binding } = {};
  const nobody: Referrer = { name: undefined, axes: new Map(), alignedOn: () => undefined };
  for (const entry of draft.out.entries.values()) {
    const expected: Expected = {
      what: `Output "${entry.key}" of the pipeline`,
      types: undefined,
      arity: 'any',
      optional: false,
    };
    const { binding } = bind(entry, expected, nobody, binder);
    if (binding !== undefined) out[entry.key] = binding;
  }
  return out;
}

function warnLeftOut(draft: Draft, { outs, leftOut }: Remaining, problems: Problems): void {
  for (const { name, whole, stage } of outs) {
    const message = whole
      ? `Output "${name}" is left out: ${stage} takes no part.`
      : `A part of output "${name}" is left out: ${stage} takes no part.`;
    const hint = leftOut.find(({ id }) => id === stage)?.reason;
    problems.warn('output-left-out', draft.out.entries.get(name)?.keyRange, message, { hint });
  }
}

/** An axis that changes nothing would run the same stage many times under different names. */
function checkAxes(stage: StageDraft, fan: Fan, used: ReadonlySet<string>, problems: Problems): void {
  for (const axis of fan.axes) {
    if (used.has(axis.name)) continue;
    problems.error(
      'unused-axis',
      axis.range,
      `The stage "${stage.name}" never uses its axis "${axis.name}".`,
      {
        hint: `use \${matrix.${axis.name}}, or refer to a stage that has this axis`,
        about: `${stage.name} ${axis.name}`,
      },
    );
  }
}

function warnUnused(
  draft: Draft,
  used: { readonly with: ReadonlySet<string>; readonly in: ReadonlySet<string> },
  problems: Problems,
): void {
  // While there are errors, what is used is not known.
  if (problems.errors.length > 0) return;
  for (const face of ['with', 'in'] as const) {
    for (const { key, keyRange } of draft[face].entries.values()) {
      if (used[face].has(key)) continue;
      problems.warn(
        `unused-${face === 'with' ? 'parameter' : 'input'}`,
        keyRange,
        `Nothing uses ${face}.${key}.`,
        { hint: 'delete it, or use it' },
      );
    }
  }
}
