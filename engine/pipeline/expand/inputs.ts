/** @file The inputs of all stages of a pipeline and of those in it. */
import type { StageId } from '../../../base/ids.ts';
import type { Binding, Stage } from '../graph.ts';
import { listed } from '../names.ts';
import type { Problems } from '../problems.ts';
import { type Entry, mapNode } from '../yaml/tree.ts';
import { bind } from './bind.ts';
import { type Binder, lenient, type Need } from './binder.ts';
import { isMisspelt, type TaskDraft } from './draft.ts';
import type { Frame, FramedStage } from './frame.ts';
import type { Task } from './instance.ts';
import type { Referrer } from './resolve.ts';
import { ROUND } from './rounds.ts';
import type { Expected } from './types.ts';
import { undeclaredIn } from './undeclared.ts';

export interface BoundStages {
  readonly stages: Map<StageId, Stage>;
  readonly needs: Map<StageId, readonly Need[]>;
}

/** Binds everything, whether it is used or not, so that every mistake is found. */
export function bindFrame(frame: Frame, into: BoundStages): void {
  const { binder, draft } = frame;
  const loose = lenient(binder);
  const warnUndeclared = undeclaredIn(frame.written);
  for (const stage of frame.stages.values()) {
    for (const instance of stage.instances) {
      if (instance.form === 'pipeline') continue;
      const inputs = bindInputs(instance, stage.used, instance.leftOut === undefined ? binder : loose);
      into.needs.set(instance.id, inputs.needs);
      const bound = { ...instance.stage, in: inputs.in };
      into.stages.set(instance.id, bound);
      warnUndeclared(instance, bound);
    }
    for (const inner of stage.frames) {
      for (const given of inner.given.values()) given.bound();
      bindFrame(inner, into);
    }
    checkAxes(stage, binder.problems);
  }
  for (const name of draft.out.entries.keys()) frame.output(name);
}

interface Inputs {
  readonly in: { readonly [name: string]: Binding };
  readonly needs: readonly Need[];
}

function bindInputs(instance: Task, axes: Set<string>, binder: Binder): Inputs {
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
    if (result.binding) bindings[item.key] = result.binding;
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

function expectedOf(draft: TaskDraft, { key, keyRange }: Entry, problems: Problems): Expected | undefined {
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

/** An axis that changes nothing would run the same stage many times under different names. */
function checkAxes({ name, fan, used, draft }: FramedStage, problems: Problems): void {
  const { rounds } = fan;
  for (const axis of fan.axes) {
    if (used.has(axis.name)) continue;
    if (rounds === undefined || axis.name !== ROUND) {
      problems.error('unused-axis', axis.range, `The stage "${name}" never uses its axis "${axis.name}".`, {
        hint: `use \${matrix.${axis.name}}, or refer to a stage that has this axis`,
        about: `${name} ${axis.name}`,
      });
    } else if (rounds.count > 1 && !draft.node.entries.has('carry') && rounds.overlays.length === 0) {
      problems.error('unused-axis', axis.range, `All rounds of "${name}" do the same work.`, {
        hint: 'feed a result to the next round with carry:, use ${round}, or list {with, in} of each round',
      });
    }
  }
}
