/** @file Paths in requests. Files of ours lie below the root, and nowhere else. */
import { isAbsolute, join, normalize, relative, sep } from 'node:path';
import type { Digest } from '../../../base/ids.ts';
import { isDigest } from '../../../cache/layout.ts';
import { refuse } from './refusal.ts';

/** A path below the root, given relative to it or absolute. */
export function below(root: string, path: string): string {
  const whole = normalize(isAbsolute(path) ? path : join(root, path));
  const inside = relative(root, whole);
  if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || path.includes('\0')) {
    throw refuse('path-outside', `${JSON.stringify(path)} is not below ${root}.`);
  }
  return whole;
}

/** An object of the cache below the root, or of its store for temporary outputs. */
export interface ObjectName {
  /** Relative to the root. */
  readonly store: '' | 'temp';
  readonly digest: Digest;
  readonly form: 'file' | 'exec';
}

const OBJECT = /^(temp\/)?objects\/([0-9a-f]{2})\/([0-9a-f]{62})(\.x)?$/;
const RECORD = /^actions\/[0-9a-f]{2}\/[0-9a-f]{62}\.json$/;

export function objectIn(path: string): ObjectName {
  const [, temporary, first, rest, exec] = OBJECT.exec(path) ?? [];
  const digest = `sha256:${first}${rest}`;
  if (!isDigest(digest)) throw refuse('path-outside', `${JSON.stringify(path)} is no object.`);
  return { store: temporary === undefined ? '' : 'temp', digest, form: exec === undefined ? 'file' : 'exec' };
}

export function isObjectPath(path: string): boolean {
  return OBJECT.test(path);
}

export function recordIn(root: string, path: string): string {
  if (!RECORD.test(path)) throw refuse('path-outside', `${JSON.stringify(path)} is no record.`);
  return join(root, path);
}
