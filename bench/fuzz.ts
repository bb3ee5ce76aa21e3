/**
 * Broken pipeline files, one after the other: each must be explained with a place, or be shown and planned.
 *   npm run bench -- fuzz [--seconds 60] [--seed 1] [--runs 1000000]
 * Prints counts by code, and the seed of every file that went wrong: `--seed N --runs 1` makes it again, with its text.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { randomStream } from '../stages/runtime/random.ts';
import { type Examined, examine } from './fuzzing/examine.ts';
import { mutate } from './fuzzing/mutations.ts';
import { SEEDS } from './fuzzing/seeds.ts';
import { inScratch, print, say } from './measure/scratch.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1000000' },
  },
});
const first = Number(values.seed);
const runs = Number(values.runs);
const limit = Number(values.seconds) * 1000;
/** A file that takes longer hangs, as good as. Milliseconds. */
const SLOW = 5000;

await inScratch('fuzz', false, async (folder) => {
  writeFileSync(join(folder, 'warren.yaml'), '');
  writeFileSync(join(folder, 'rows.jsonl'), '');
  const began = performance.now();
  const codes: { [code: string]: number } = {};
  const faults: { seed: number; fault: string }[] = [];
  let accepted = 0;
  let seed = first;
  let slowest = { seed, ms: 0 };
  for (; seed < first + runs && performance.now() - began < limit; seed++) {
    const text = mutate(SEEDS[seed % SEEDS.length] as string, randomStream('fuzz', seed));
    const start = performance.now();
    const found: Examined = await examine(text, folder);
    const ms = performance.now() - start;
    if (ms > slowest.ms) slowest = { seed, ms: Math.round(ms) };
    if (found.accepted) accepted += 1;
    for (const code of found.codes) codes[code] = (codes[code] ?? 0) + 1;
    const fault = found.fault ?? (ms > SLOW ? `it took ${Math.round(ms)} ms` : undefined);
    if (fault === undefined) continue;
    faults.push({ seed, fault });
    if (runs === 1) say(text);
  }
  const seconds = Math.round((performance.now() - began) / 1000);
  const counts = Object.fromEntries(Object.entries(codes).sort(([, a], [, b]) => b - a));
  print({ files: seed - first, accepted, faults, slowest, seconds, first, codes: counts });
});
