import { digestOf } from '../base/digest.ts';
import type { Key } from '../base/ids.ts';
import type { JsonObject } from '../base/json.ts';

/** The key of a fingerprint: a record whose fingerprint has another key was made up. */
export function keyOfFingerprint(fingerprint: JsonObject): Key {
  return digestOf('warren/stage/1', fingerprint) as string as Key;
}
