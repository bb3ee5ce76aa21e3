/** @file Writes the project's own preference set: `node --import tsx pipelines/data/generate.ts`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Random, randomStream } from '../../stages/runtime/random.ts';
import type { Case } from './compose.ts';
import { harmlessCases } from './harmless.ts';
import { helpfulCases } from './helpful.ts';
import { readMaterial } from './material.ts';

export const SEED = 17;
/** Share of pairs whose preference is turned around, as crowd workers do now and then. */
export const NOISE = 0.05;

/** A row of the file: Anthropic's HH format with safety labels. */
export interface Row {
  readonly chosen: string;
  readonly rejected: string;
  readonly chosen_safe: boolean;
  readonly rejected_safe: boolean;
  readonly kind: 'helpful' | 'harmless';
}

/** Safety labels stay with their text when the preference is turned: only the preference is noisy. */
function rowOf(random: Random, one: Case): Row {
  const turned = random.next() < NOISE;
  const [chosen, rejected] = turned ? [one.rejected, one.chosen] : [one.chosen, one.rejected];
  return {
    chosen: `${one.dialogue} ${chosen.text}`,
    rejected: `${one.dialogue} ${rejected.text}`,
    chosen_safe: chosen.safe,
    rejected_safe: rejected.safe,
    kind: one.kind,
  };
}

/** All rows in a random order; the first case of a prompt wins, so that prompts are distinct. */
export function rows(seed: number = SEED): Row[] {
  const random = randomStream(seed, 'transcripts');
  const material = readMaterial();
  const cases = [
    ...helpfulCases(random.stream('helpful'), material),
    ...harmlessCases(random.stream('harmless'), material),
  ];
  const distinct = [...new Map(cases.toReversed().map((one) => [one.dialogue, one])).values()].toReversed();
  const noise = random.stream('noise');
  return random.stream('order').shuffle(distinct.map((one) => rowOf(noise, one)));
}

/** The file's text: one JSON object a line. */
export function transcripts(seed: number = SEED): string {
  return rows(seed)
    .map((row) => `${JSON.stringify(row)}\n`)
    .join('');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(join(import.meta.dirname, 'transcripts.jsonl'), transcripts());
}
