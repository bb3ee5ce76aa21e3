import { digestOf } from '../../base/digest.ts';
import type { Digest } from '../../base/ids.ts';
import type { ProgramMember } from './requests.ts';

/** What a program is known by on other machines: its files and where they lie. */
export function programDigest(members: readonly ProgramMember[]): Digest {
  const list = members.map(({ path, digest, executable }) => [path, digest, executable]);
  return digestOf('warren/program/1', list);
}
