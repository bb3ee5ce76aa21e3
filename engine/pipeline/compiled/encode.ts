/** @file A loaded pipeline as JSON and back. A list of inputs that many stages share is written once. */
import type { Binding, Graph, Stage } from '../graph.ts';
import type { Loaded } from '../load.ts';

type Items = Extract<Binding, { arity: 'many' }>['items'];
type Bindings = { readonly [name: string]: Binding };
/** A binding whose items are a position in `lists`. */
type Written =
  | Extract<Binding, { arity: 'one' }>
  | (Omit<Extract<Binding, { arity: 'many' }>, 'items'> & { readonly items: number });

/** All-to-all edges of 800 x 800 stages are 1 list here and in memory, where spelt out they would be 640,000 items. */
interface Encoded extends Omit<Loaded, 'graph'> {
  readonly graph: Omit<Graph, 'stages' | 'out'> & {
    readonly stages: readonly (Omit<Stage, 'in'> & { readonly in: { readonly [name: string]: Written } })[];
    readonly out: { readonly [name: string]: Written };
  };
  readonly lists: readonly Items[];
}

export function encode({ graph, ...rest }: Loaded): string {
  const lists = new Map<Items, number>();
  const positionOf = (items: Items): number => {
    const known = lists.get(items);
    if (known !== undefined) return known;
    lists.set(items, lists.size);
    return lists.size - 1;
  };
  const write = (bindings: Bindings): { [name: string]: Written } =>
    mapped(bindings, (binding) =>
      binding.arity === 'one' ? binding : { ...binding, items: positionOf(binding.items) },
    );
  const stages = graph.stages.map((stage) => ({ ...stage, in: write(stage.in) }));
  const written = { ...graph, stages, out: write(graph.out) };
  return JSON.stringify({ ...rest, graph: written, lists: [...lists.keys()] } satisfies Encoded);
}

/** Throws on a text that `encode` did not write. */
export function decode(text: string): Loaded {
  const { graph, lists, ...rest } = JSON.parse(text) as Encoded;
  const read = (bindings: { readonly [name: string]: Written }): Bindings =>
    mapped(bindings, (binding) =>
      binding.arity === 'one' ? binding : { ...binding, items: lists[binding.items] as Items },
    );
  const stages = graph.stages.map((stage): Stage => ({ ...stage, in: read(stage.in) }));
  return { ...rest, graph: { ...graph, stages, out: read(graph.out) } };
}

function mapped<A, B>(record: { readonly [name: string]: A }, map: (value: A) => B): { [name: string]: B } {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
