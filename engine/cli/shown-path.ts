import { isAbsolute, relative } from 'node:path';

/** A path as people read it: relative to where they stand, unless that is longer. */
export function shownPath(path: string, cwd: string): string {
  if (!isAbsolute(path)) return path;
  const near = relative(cwd, path);
  return near !== '' && near.length < path.length ? near : path;
}
