import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { examine } from '../../bench/fuzzing/examine.ts';
import { mutate } from '../../bench/fuzzing/mutations.ts';
import { SEEDS } from '../../bench/fuzzing/seeds.ts';
import { randomStream } from '../../stages/runtime/random.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
  writeFileSync(join(folder, 'warren.yaml'), '');
  writeFileSync(join(folder, 'rows.jsonl'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

it('starts from files that are right', async () => {
  for (const text of SEEDS)
    expect(await examine(text, folder)).toEqual({ accepted: true, codes: [], fault: undefined });
});

/** `npm run bench -- fuzz` goes on for as long as it is told. */
it('150 broken files: each is explained at a place in it, or shown and planned', async () => {
  let accepted = 0;
  const codes = new Set<string>();
  for (let seed = 1; seed <= 150; seed++) {
    const text = mutate(SEEDS[seed % SEEDS.length] as string, randomStream('fuzz', seed));
    const found = await examine(text, folder);
    expect({ seed, fault: found.fault }).toEqual({ seed, fault: undefined });
    if (found.accepted) accepted += 1;
    for (const code of found.codes) codes.add(code);
  }
  expect(accepted).toBeGreaterThan(10);
  expect(codes.size).toBeGreaterThan(20);
});
