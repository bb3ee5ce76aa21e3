/** @file Paths inside a cache folder. `objects/<2 hex>/<62 hex>`, `.x` for objects that can be executed. */
import { join } from 'node:path';
import { hexOf } from '../base/digest.ts';
import type { Digest, Key } from '../base/ids.ts';
import type { Artifact } from './artifact.ts';

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** What becomes part of a path is looked at first: digests come from files that others may have written. */
export function isDigest(value: unknown): value is Digest {
  return typeof value === 'string' && DIGEST.test(value);
}

export function objectPath(cache: string, digest: Digest, form: Artifact['form']): string {
  const hex = hexOf(digest);
  return join(cache, 'objects', hex.slice(0, 2), form === 'exec' ? `${hex.slice(2)}.x` : hex.slice(2));
}

export function actionPath(cache: string, key: Key): string {
  const hex = hexOf(key);
  return join(cache, 'actions', hex.slice(0, 2), `${hex.slice(2)}.json`);
}

/** What a digest of code is made of, for people. */
export function codePath(cache: string, code: Digest): string {
  return join(cache, 'codes', `${hexOf(code)}.json`);
}

export function lockPath(cache: string, key: Key): string {
  return join(cache, 'locks', hexOf(key));
}

export function quarantinePath(cache: string, digest: Digest, unique: string): string {
  return join(cache, 'quarantine', `${hexOf(digest)}.${unique}`);
}
