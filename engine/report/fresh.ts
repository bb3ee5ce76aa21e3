import type { EventOf } from '../event.ts';

/** Above this many, fresh stages are only counted. */
const MOST_FRESH = 8;

/** Whether a line for each fresh stage would bury what happened. */
export function collapsesFresh(started: EventOf<'run-started'> | undefined): boolean {
  return (started?.stages.filter(({ label }) => label === 'fresh').length ?? 0) > MOST_FRESH;
}
