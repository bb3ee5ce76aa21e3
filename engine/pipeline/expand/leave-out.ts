/** @file Takes stages that their `when:` leaves out, and what cannot be without them, out of the graph. */
import type { StageId } from '../../../base/ids.ts';
import type { Binding, Graph, LeftOut, Source, Stage } from '../graph.ts';

type Items = Extract<Binding, { arity: 'many' }>['items'];

interface Gone {
  readonly stage: Stage;
  readonly reason: string;
  /** `evaluate.models`: inputs that go on without it. */
  readonly missedBy: string[];
}

export interface Remaining {
  readonly stages: readonly Stage[];
  readonly out: Graph['out'];
  readonly leftOut: readonly LeftOut[];
  /** Names of `out` that lost what they name, or a part of it, and the first stage that it was. */
  readonly outs: readonly { readonly name: string; readonly whole: boolean; readonly stage: StageId }[];
}

/**
 * `stages` come after what they need. A single input that needs one that is gone takes its stage with it, unless it is
 * optional: then it is null. Maps, lists and groups go on with the members that are left.
 */
export function leaveOut(
  stages: readonly Stage[],
  out: Graph['out'],
  reasons: ReadonlyMap<StageId, string>,
  isOptional: (stage: Stage, input: string) => boolean,
): Remaining {
  const gone = new Map<StageId, Gone>();
  const kept = new Map<Items, Items>();
  const lost = (source: Source): boolean => source.kind === 'output' && gone.has(source.stage);

  /** The binding without what is gone; undefined when nothing of it is left. A list that is shared stays shared. */
  function without(binding: Binding): Binding | undefined {
    if (binding.arity === 'one') return lost(binding.source) ? undefined : binding;
    let items = kept.get(binding.items);
    if (items === undefined) {
      items = binding.items.some(([, source]) => lost(source))
        ? binding.items.filter(([, source]) => !lost(source))
        : binding.items;
      kept.set(binding.items, items);
    }
    if (items === binding.items) return binding;
    return items.length === 0 ? undefined : { ...binding, items };
  }

  const producersOf = (binding: Binding): StageId[] => {
    const sources = binding.arity === 'one' ? [binding.source] : binding.items.map(([, source]) => source);
    const ids = sources.flatMap((source) =>
      source.kind === 'output' && gone.has(source.stage) ? [source.stage] : [],
    );
    return [...new Set(ids)];
  };

  const remaining = stages.flatMap((stage): Stage[] => {
    const own = reasons.get(stage.id);
    const inputs: { [name: string]: Binding } = {};
    const missed: [input: string, producer: StageId][] = [];
    let needs: StageId | undefined;
    for (const [name, binding] of Object.entries(stage.in)) {
      const left = without(binding);
      if (left !== undefined) inputs[name] = left;
      if (left === binding) continue;
      const producers = producersOf(binding);
      if (left === undefined && !isOptional(stage, name)) needs ??= producers[0];
      for (const producer of producers) missed.push([name, producer]);
    }
    const reason = own ?? (needs === undefined ? undefined : `needs ${needs}`);
    if (reason !== undefined) {
      gone.set(stage.id, { stage, reason, missedBy: [] });
      return [];
    }
    for (const [name, producer] of missed) gone.get(producer)?.missedBy.push(`${stage.id}.${name}`);
    return missed.length === 0 ? [stage] : [{ ...stage, in: inputs }];
  });

  const outs: Remaining['outs'][number][] = [];
  const left = Object.entries(out).flatMap(([name, binding]) => {
    const rest = without(binding);
    const [first] = rest === binding ? [] : producersOf(binding);
    if (first !== undefined) outs.push({ name, whole: rest === undefined, stage: first });
    return rest === undefined ? [] : [[name, rest] as const];
  });
  const leftOut = [...gone.values()].map(({ stage: { id, name, kind }, reason, missedBy }) => {
    return { id, name, kind, reason, missedBy };
  });
  return { stages: remaining, out: Object.fromEntries(left), leftOut, outs };
}
