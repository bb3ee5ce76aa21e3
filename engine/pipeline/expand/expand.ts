/** @file Drafts -> graph: matrices and rounds fanned out, values put in place, references bound, stages ordered. */
import { resolve } from 'node:path';
import type { StageId } from '../../../base/ids.ts';
import type { Binding, Graph, Stage } from '../graph.ts';
import { type Entry, mapToJson } from '../yaml/tree.ts';
import { MAX_INSTANCES } from './combinations.ts';
import type { Understood, Written } from './draft.ts';
import { type Frame, frameOf, type Shared } from './frame.ts';
import { type BoundStages, bindFrame } from './inputs.ts';
import { leaveOut, type Remaining } from './leave-out.ts';
import { orderStages } from './order.ts';
import { type Overrides, overlayOf } from './overrides.ts';

/** Undefined when the pipeline cannot be put together; what is wrong is in the problems of its files either way. */
export function expand(main: Written, all: readonly Written[], overrides: Overrides): Graph | undefined {
  if (main.draft === undefined) return undefined;
  const shared: Shared = {
    tasks: new Map(),
    passed: new Map(),
    leftOut: new Map(),
    limits: new Map(),
    allowance: { left: MAX_INSTANCES },
    folder: resolve(main.folder),
    cwd: overrides.cwd,
  };
  const top = {
    position: { ids: '', names: '', within: [], folder: undefined, leftOut: undefined },
    overlay: overlayOf(overrides),
    given: new Map(),
    outer: undefined,
    limits: undefined,
  };
  const frame = frameOf(main as Understood, top, shared);
  const bound: BoundStages = { stages: new Map(), needs: new Map() };
  bindFrame(frame, bound);
  const order = orderStages([...shared.tasks.values()], bound.needs);
  warnUnused(all);
  if (order === undefined) return undefined;
  const out = outputsOf(frame);
  refuseTemporary(frame, out, bound.stages);
  const remaining = leaveOut(
    order.map((id) => bound.stages.get(id) as Stage),
    out,
    shared.leftOut,
    ({ kind }, input) => main.tools.registry.manifestOf(kind)?.in[input]?.optional === true,
  );
  warnLeftOut(frame, remaining);
  return {
    name: frame.draft.name,
    file: main.path,
    folder: shared.folder,
    with: mapToJson(frame.draft.with),
    limits: Object.fromEntries(shared.limits),
    stages: remaining.stages,
    leftOut: remaining.leftOut,
    out: remaining.out,
  };
}

function outputsOf({ draft, binder, output }: Frame): { readonly [name: string]: Binding } {
  const out: { [name: string]: Binding } = {};
  const folded = new Map<string, Entry>();
  for (const [name, entry] of draft.out.entries) {
    // File systems that fold case would place one over the other.
    const first = folded.get(name.toLowerCase());
    if (first === undefined) folded.set(name.toLowerCase(), entry);
    else {
      const message = `"${first.key}" and "${name}" would be one file where case does not count.`;
      const related = [{ message: 'the other is here', range: first.keyRange }];
      binder.problems.error('colliding-names', entry.keyRange, message, {
        related,
        hint: 'rename one of them',
      });
    }
    const { binding } = output(name);
    if (binding) out[name] = binding;
  }
  return out;
}

/** What people are to get has to be there when the run is over. */
function refuseTemporary(
  { draft, binder }: Frame,
  out: Graph['out'],
  stages: ReadonlyMap<StageId, Stage>,
): void {
  for (const [name, binding] of Object.entries(out)) {
    const sources = binding.arity === 'one' ? [binding.source] : binding.items.map(([, source]) => source);
    const temporary = sources.find(
      (source) => source.kind === 'output' && stages.get(source.stage)?.out[source.output]?.temp === true,
    );
    if (temporary?.kind !== 'output') continue;
    const shown = `${temporary.stage}.${temporary.output}`;
    binder.problems.error(
      'temporary-output',
      draft.out.entries.get(name)?.value.range,
      `Output "${name}" of the pipeline is ${shown}, which is not kept.`,
      { hint: `delete temp: true of ${shown}` },
    );
  }
}

function warnLeftOut({ draft, binder }: Frame, { outs, leftOut }: Remaining): void {
  for (const { name, whole, stage } of outs) {
    const message = whole
      ? `Output "${name}" is left out: ${stage} takes no part.`
      : `A part of output "${name}" is left out: ${stage} takes no part.`;
    const hint = leftOut.find(({ id }) => id === stage)?.reason;
    binder.problems.warn('output-left-out', draft.out.entries.get(name)?.keyRange, message, { hint });
  }
}

/** What no instance of a file uses of its own faces. */
function warnUnused(all: readonly Written[]): void {
  // While there are errors, what is used is not known.
  if (all.some(({ tools }) => tools.problems.errors.length > 0)) return;
  for (const { draft, used, tools } of all) {
    for (const face of ['with', 'in'] as const) {
      for (const { key, keyRange, value } of draft?.[face].entries.values() ?? []) {
        // A file of parameters may serve several pipelines.
        if (used[face].has(key) || value.from !== undefined) continue;
        tools.problems.warn(
          `unused-${face === 'with' ? 'parameter' : 'input'}`,
          keyRange,
          `Nothing uses ${face}.${key}.`,
          { hint: 'delete it, or use it' },
        );
      }
    }
  }
}
