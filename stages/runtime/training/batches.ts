import type { Random } from '../random.ts';

/** Items are sorted by length within windows of this many batches: little padding, and still a shuffled epoch. */
const WINDOW = 16;

/** Indices of one epoch's batches: shuffled, neighbours in length together, batches in random order. Every index appears once. */
export function planBatches(lengths: readonly number[], batch: number, random: Random): number[][] {
  const order = random.shuffle(lengths.map((_, i) => i));
  const batches: number[][] = [];
  for (let from = 0; from < order.length; from += batch * WINDOW) {
    const window = order.slice(from, from + batch * WINDOW);
    // Ties keep the shuffled order: Array.prototype.sort is stable.
    window.sort((a, b) => (lengths[a] as number) - (lengths[b] as number));
    for (let i = 0; i < window.length; i += batch) batches.push(window.slice(i, i + batch));
  }
  return random.shuffle(batches);
}

/** Splits a batch so that sequences x longest stays within `tokens`; an item is never split, so one large item may exceed it. */
export function splitBatch<T>(
  items: readonly T[],
  shape: (item: T) => { sequences: number; longest: number },
  tokens: number,
): T[][] {
  const parts: T[][] = [];
  let sequences = 0;
  let longest = 0;
  for (const item of items) {
    const next = shape(item);
    const grown = Math.max(longest, next.longest);
    const last = parts.at(-1);
    if (last && (sequences + next.sequences) * grown <= tokens) {
      last.push(item);
      sequences += next.sequences;
      longest = grown;
    } else {
      parts.push([item]);
      sequences = next.sequences;
      longest = next.longest;
    }
  }
  return parts;
}
