/** @file One try at a stage whose executor does not share our files. */
import type { Because } from '../../event.ts';
import type { Stage } from '../../pipeline/graph.ts';
import type { Keyed } from '../../plan/decide.ts';
import type { Attempt } from '../attempt-folder.ts';
import type { Performed, Surroundings } from '../perform.ts';
import type { Placed } from '../placement.ts';
import type { Adopted } from '../process.ts';

export async function performAway(
  _context: Surroundings,
  _stage: Stage,
  _keyed: Keyed,
  _opened: Attempt,
  _because: readonly Because[],
  _tries: number,
  { executor }: Placed,
  _adopted?: Adopted,
): Promise<Performed> {
  const message = `${executor.shown} does not share files with this machine.`;
  return { kind: 'failed', failure: { code: 'no-site', message }, cause: 'invalid' };
}
