/**
 * @file What an attempt made, once all of it is here: kept beside the attempt until there is a record, because its folder on
 * the host goes first. Whoever is killed in between leaves a later run everything but the job.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeAtomic } from '../../../cache/publish.ts';
import { firstLostAnywhere } from '../../../cache/temporary.ts';
import type { Outputs } from '../../plan/resolve.ts';
import { COLLECTED } from '../attempt-folder.ts';
import type { Said } from '../process.ts';

export interface Collected {
  readonly artifacts: Outputs;
  readonly said: Said;
}

export function keepCollected(folder: string, collected: Collected): void {
  writeAtomic(join(folder, COLLECTED), JSON.stringify(collected));
}

/** Undefined: it was not collected, or is not whole in the cache any more. */
export function keptCollected(folder: string, cache: string): Collected | undefined {
  let text: string;
  try {
    text = readFileSync(join(folder, COLLECTED), 'utf8');
  } catch {
    return undefined;
  }
  const collected = JSON.parse(text) as Collected;
  const whole = Object.values(collected.artifacts).every(
    (artifact) => firstLostAnywhere(cache, artifact) === undefined,
  );
  return whole ? collected : undefined;
}
