/** @file Seeded random streams. SplitMix-seeded xoshiro128** (Blackman and Vigna 2018), 32-bit integer arithmetic only. */
import { createHash } from 'node:crypto';

export interface Random {
  /** Uniform in [0, 1), 32 bits of it. */
  next(): number;
  /** Uniform integer in [0, n). */
  integer(n: number): number;
  /** Standard normal (Box-Muller). */
  normal(): number;
  /** Fisher-Yates on a copy. */
  shuffle<T>(items: readonly T[]): T[];
  /** An independent stream named below this one. */
  stream(name: string): Random;
}

/** The stream of sha256 over length-prefixed parts: equal parts, equal stream; nothing else matters. */
export function randomStream(...parts: readonly (string | number)[]): Random {
  const text = parts.map((part) => `${String(part).length}:${part}`).join('');
  const seed = createHash('sha256').update(text).digest();
  let a = seed.readUInt32LE(0);
  let b = seed.readUInt32LE(4);
  let c = seed.readUInt32LE(8);
  // An all-zero state is the generator's one fixed point.
  let d = seed.readUInt32LE(12) || 1;

  function bits(): number {
    const scrambled = Math.imul(b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result;
  }

  const random: Random = {
    next: () => bits() / 4294967296,
    integer: (n) => Math.floor((bits() / 4294967296) * n),
    normal: () => {
      const u = (bits() + 1) / 4294967297;
      return Math.sqrt(-2 * Math.log(u)) * Math.cos((2 * Math.PI * bits()) / 4294967296);
    },
    shuffle: (items) => {
      const out = [...items];
      for (let i = out.length - 1; i > 0; i--) {
        const j = random.integer(i + 1);
        [out[i], out[j]] = [out[j] as (typeof out)[number], out[i] as (typeof out)[number]];
      }
      return out;
    },
    stream: (name) => randomStream(...parts, name),
  };
  return random;
}
