/** @file Records primitives as they are applied and writes the reverse pass into the same graph (reverse-mode differentiation). */
import type { GraphBuilder, Value } from '../graph.ts';
import { type Application, derivative } from './derivative.ts';
import { forward } from './forward.ts';
import type { Primitive, Primitives } from './primitives.ts';

type Recorded = { [P in Primitive]: { readonly op: P } & Omit<Application<P>, 'needs'> }[Primitive];

export class Tape {
  readonly graph: GraphBuilder;
  readonly #recorded: Recorded[] = [];

  constructor(graph: GraphBuilder) {
    this.graph = graph;
  }

  apply<P extends Primitive>(op: P, inputs: readonly Value[], attributes: Primitives[P]): Value {
    const { output, saved } = forward[op](this.graph, inputs, attributes);
    this.#recorded.push({ op, inputs, output, saved, attributes } as unknown as Recorded);
    return output;
  }

  /**
   * Derivatives of the scalar `loss` by each of `wrt`. Only what lies between them is differentiated.
   * A value that `loss` does not depend on is a bug of the graph's author.
   */
  backward(loss: Value, wrt: readonly Value[]): Value[] {
    const needed = new Set(wrt.map((value) => value.name));
    for (const { inputs, output } of this.#recorded) {
      if (inputs.some((input) => needed.has(input.name))) needed.add(output.name);
    }
    const gradients = new Map<string, Value>([[loss.name, this.graph.scalar(1)]]);
    for (const applied of this.#recorded.toReversed()) {
      const dy = gradients.get(applied.output.name);
      if (!dy || !needed.has(applied.output.name)) continue;
      const needs = applied.inputs.map((input) => needed.has(input.name));
      const rule = derivative[applied.op] as (
        g: GraphBuilder,
        dy: Value,
        at: unknown,
      ) => readonly (Value | null)[];
      const parts = rule(this.graph, dy, { ...applied, needs });
      for (const [i, part] of parts.entries()) {
        const input = applied.inputs[i];
        if (!part || !input || !needs[i]) continue;
        const sum = gradients.get(input.name);
        gradients.set(input.name, sum ? this.graph.node('Add', [sum, part]) : part);
      }
    }
    return wrt.map((value) => {
      const gradient = gradients.get(value.name);
      if (!gradient) throw new Error(`Internal error: the loss does not depend on ${value.name}`);
      return gradient;
    });
  }
}
