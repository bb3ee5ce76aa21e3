/** @file Says that something in the cache was used just now. Imports nothing: the fast path of a run loads it. */
import { utimesSync } from 'node:fs';

/** False: it is not there. What cannot be touched, such as another user's, still is. */
export function touch(path: string): boolean {
  const now = Date.now() / 1000;
  try {
    utimesSync(path, now, now);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ENOENT');
  }
}
