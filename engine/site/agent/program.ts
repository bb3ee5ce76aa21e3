/** @file Lays a program out from objects, as a whole or not at all. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hexOf } from '../../../base/digest.ts';
import type { Digest } from '../../../base/ids.ts';
import { objectPath } from '../../../cache/layout.ts';
import { linkOrCopy } from '../../../cache/link.ts';
import { verifyObject } from '../../../cache/objects.ts';
import { temporaryBeside } from '../../../cache/publish.ts';
import { programDigest } from '../program-digest.ts';
import type { Handler } from './handling.ts';
import { below } from './paths.ts';
import { refuse } from './refusal.ts';

export const programThere: Handler<'program-there'> = ({ digest }, _bytes, { root }) => ({
  there: existsSync(homeOf(root, digest)),
});

function homeOf(root: string, digest: string): string {
  return join(root, 'programs', hexOf(digest));
}

export const program: Handler<'program'> = ({ digest, members }, _bytes, { root }) => {
  if (programDigest(members) !== digest)
    throw refuse('program-digest', 'The list of the program is another one.');
  const home = homeOf(root, digest);
  if (existsSync(home)) return { lacking: [] };
  const lacking = members.flatMap(({ digest: own, executable }, i) =>
    verifyObject(root, own as Digest, executable ? 'exec' : 'file') === 'good' ? [] : [i],
  );
  if (lacking.length > 0) return { lacking };
  const made = temporaryBeside(home);
  try {
    const folders = new Set<string>();
    for (const { path, digest: own, executable } of members) {
      const to = below(made, path);
      if (!folders.has(dirname(to))) mkdirSync(dirname(to), { recursive: true });
      folders.add(dirname(to));
      const form = executable ? 'exec' : 'file';
      linkOrCopy(objectPath(root, own as Digest, form), to, form);
    }
    renameSync(made, home);
  } catch (error) {
    // Another agent was faster.
    if (!existsSync(home)) throw error;
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
  return { lacking: [] };
};
