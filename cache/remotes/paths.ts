/** @file Paths in a remote: those of a cache, with slashes on every system. */
import type { Digest, Key } from '../../base/ids.ts';
import type { Artifact } from '../artifact.ts';
import { actionPath, objectPath } from '../layout.ts';

export function objectAt(digest: Digest, form: Artifact['form']): string {
  return objectPath('', digest, form);
}

export function actionAt(key: Key): string {
  return actionPath('', key);
}
