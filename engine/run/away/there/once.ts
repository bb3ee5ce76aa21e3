/**
 * @file Work on a host that may be asked for again because its answer was lost, and must not be done twice: it takes away
 * what it works on. The answer is kept beside the attempt.
 */
import { linkSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, readOwner, thisProcess } from '../../../../cache/owner.ts';
import { errnoOf, removeQuietly, temporaryBeside, writeAtomic } from '../../../../cache/publish.ts';

/** Milliseconds between two looks at somebody else's work. */
const LOOK = 50;

/** The kept answer, or that of `work`. Undefined: somebody began it and is gone, and nobody knows how far it came. */
export async function once<T extends object>(
  folder: string,
  name: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  const answer = join(folder, `${name}.json`);
  const claim = join(folder, `${name}.by`);
  for (;;) {
    const kept = readAnswer<T>(answer);
    if (kept !== undefined) return kept;
    if (takes(claim)) break;
    const owner = readOwner(claim);
    // Asked after the claim was seen: between the two looks it may have ended.
    if (owner === undefined || isAlive(owner) === false) return readAnswer<T>(answer);
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
  const done = await work();
  writeAtomic(answer, JSON.stringify(done));
  return done;
}

function readAnswer<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return undefined;
  }
}

/** Exclusive, and whole from its first moment. */
function takes(claim: string): boolean {
  const temporary = temporaryBeside(claim);
  writeFileSync(temporary, JSON.stringify(thisProcess()));
  try {
    linkSync(temporary, claim);
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    return false;
  } finally {
    removeQuietly(temporary);
  }
}
