/** @file How far a training has come: what it counts and draws from step to step. */
import type { Context } from '../../protocol/context.ts';
import type { Item } from './item.ts';

/** Values of every step so far, by name. */
export type Curves = Map<string, number[]>;

export interface Reached {
  step: number;
  /** Tokens read so far, without and with padding. */
  tokens: number;
  padded: number;
  readonly curves: Curves;
}

/** From a checkpoint, without its tensors: they are no longer needed. Null: the beginning. */
export function reachedAt(checkpoint: Reached | null): Reached {
  const { step, tokens, padded, curves } = checkpoint ?? { step: 0, tokens: 0, padded: 0, curves: new Map() };
  return { step, tokens, padded, curves };
}

/** Counts one more step. */
export function advance(
  reached: Reached,
  micros: readonly (readonly Item[])[],
  values: { readonly [name: string]: number },
): void {
  reached.step++;
  for (const micro of micros) {
    const counts = micro.flatMap(({ sequences }) =>
      sequences.map(({ query, response }) => query.length + response.length),
    );
    reached.tokens += counts.reduce((a, b) => a + b, 0);
    reached.padded += counts.length * Math.max(...counts);
  }
  for (const [name, value] of Object.entries(values)) {
    const curve = reached.curves.get(name);
    if (curve === undefined) reached.curves.set(name, [value]);
    else curve.push(value);
  }
}

/** The curves of a run are whole, whenever its first steps were made. */
export function replay(ctx: Context<unknown>, { step, curves }: Reached, total: number): void {
  for (let at = 1; at <= step; at++)
    for (const [name, values] of curves) ctx.metric(name, values[at - 1] as number, at);
  if (step > 0) ctx.progress({ step, total, unit: 'steps' });
}
