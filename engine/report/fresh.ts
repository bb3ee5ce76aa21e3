import type { EventOf } from '../event.ts';

/** Above this many, fresh stages are only counted. */
const MOST_FRESH = 8;

/** Whether lines for fresh stages would bury what happens, or nothing happens at all. */
export function collapsesFresh({ stages }: EventOf<'run-started'>): boolean {
  const fresh = stages.filter(({ label }) => label === 'fresh').length;
  return fresh > MOST_FRESH || stages.every(({ label }) => label === 'fresh' || label === 'skip');
}
