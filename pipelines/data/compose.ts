/** @file Picking and measuring: what keeps the length of a response from giving its quality away. */
import type { Random } from '../../stages/runtime/random.ts';

export interface Reply {
  readonly text: string;
  readonly safe: boolean;
}

/** One preference before it is written as two transcripts; `dialogue` ends in "\n\nAssistant:". */
export interface Case {
  readonly dialogue: string;
  readonly chosen: Reply;
  readonly rejected: Reply;
  readonly kind: 'helpful' | 'harmless';
}

export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[random.integer(items.length)];
  if (item === undefined) throw new Error('Internal error: picked from an empty list');
  return item;
}

/** `count` different items in random order. */
export function several<T>(random: Random, items: readonly T[], count: number): T[] {
  return random.shuffle(items).slice(0, count);
}

/** A key of `weights`, with probability in proportion to its weight. */
export function weighted<K extends string>(random: Random, weights: Readonly<Record<K, number>>): K {
  const entries = Object.entries(weights) as [K, number][];
  let left = random.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [key, weight] of entries) {
    left -= weight;
    if (left < 0) return key;
  }
  const last = entries.at(-1);
  if (last === undefined) throw new Error('Internal error: no weights');
  return last[0];
}

/** Joins the sentences that are there. */
export const sentences = (...parts: readonly (string | false)[]): string => parts.filter(Boolean).join(' ');

const DRAWS = 24;
const SPREAD = 60;

/**
 * The draw whose length comes nearest to `length` characters plus an offset that is symmetric around zero:
 * a rejected response is as often longer as shorter than the chosen one.
 */
export function balanced(random: Random, length: number, draw: () => string): string {
  const target = length + (random.next() - 0.5) * SPREAD;
  const distance = (text: string): number => Math.abs(text.length - target);
  let best = draw();
  for (let i = 1; i < DRAWS; i++) {
    const text = draw();
    if (distance(text) < distance(best)) best = text;
  }
  return best;
}

/** The transcript up to the response: turns alternate, human first and last. */
export function dialogueOf(turns: readonly string[]): string {
  const lines = turns.map((turn, i) => `\n\n${i % 2 === 0 ? 'Human' : 'Assistant'}: ${turn}`);
  return `${lines.join('')}\n\nAssistant:`;
}
