import type { Random } from '../runtime/random.ts';
import type { Pair } from '../runtime/record-types.ts';

export interface Split {
  readonly train: readonly Pair[];
  readonly test: readonly Pair[];
}

/** `count` pairs drawn by `random`, in their first order; all where there are not more. */
export function drawPairs(pairs: readonly Pair[], count: number, random: Random): readonly Pair[] {
  if (pairs.length <= count) return pairs;
  const order = random.shuffle(pairs.map((_, i) => i)).slice(0, count);
  return order.sort((a, b) => a - b).map((i) => pairs[i] as Pair);
}

/**
 * A share of the distinct prompts goes to `test` with all rows of each: a prompt on both sides would let a model be tested
 * on what it was trained on. At least one prompt stays on either side. Null with fewer than two prompts and a share above 0.
 */
export function splitByPrompt(pairs: readonly Pair[], share: number, random: Random): Split | null {
  // Sorted, so that the order of rows in the file does not choose the side.
  const prompts = [...new Set(pairs.map((pair) => pair.prompt))].sort();
  if (share === 0) return { train: pairs, test: [] };
  if (prompts.length < 2) return null;
  const count = Math.min(prompts.length - 1, Math.max(1, Math.round(share * prompts.length)));
  const held = new Set(random.shuffle(prompts).slice(0, count));
  return {
    train: pairs.filter((pair) => !held.has(pair.prompt)),
    test: pairs.filter((pair) => held.has(pair.prompt)),
  };
}
