/** @file Puts what a stage produced into the cache, a file or a folder. */

import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Result } from '../base/result.ts';
import type { Artifact, ArtifactFault } from './artifact.ts';
import { collision } from './folded.ts';
import { storeFile } from './objects.ts';
import { storeTree, type TreeEntry } from './tree.ts';
import { walkFolder } from './walk.ts';

/** Stores a file or folder; the source is consumed. Links out of a folder, FIFOs, sockets and devices are refused. */
export async function storeArtifact(cache: string, source: string): Promise<Result<Artifact, ArtifactFault>> {
  const stat = lstatSync(source, { throwIfNoEntry: false });
  if (stat === undefined) return err({ code: 'missing', path: source, message: 'it is not there.' });
  if (stat.isDirectory()) return storeFolder(cache, source);
  if (stat.isFile()) return ok(await storeFile(cache, source));
  if (stat.isSymbolicLink()) {
    return err({ code: 'symlink-escapes', path: source, message: 'it is a link, not a file of its own.' });
  }
  return err({ code: 'special-file', path: source, message: 'it is neither a file nor a folder.' });
}

async function storeFolder(cache: string, source: string): Promise<Result<Artifact, ArtifactFault>> {
  const walk = walkFolder(
    source,
    () => false,
    () => undefined,
  );
  if (!walk.ok) return walk;
  for (const [folder, names] of walk.value.folders) {
    const same = collision(names);
    if (same !== undefined) return err(collides(folder, same));
  }
  const entries: TreeEntry[] = [];
  for (const member of walk.value.members) {
    switch (member.kind) {
      case 'file': {
        const { form, digest } = await storeFile(cache, join(source, member.path));
        entries.push([member.path, form, digest]);
        break;
      }
      case 'dir':
        entries.push([member.path, 'dir']);
        break;
      case 'link':
        entries.push([member.path, 'link', member.target]);
        break;
    }
  }
  return ok(storeTree(cache, entries));
}

/** Refused here, because it could not be restored elsewhere. */
function collides(folder: string, [one, other]: readonly [string, string]): ArtifactFault {
  const where = folder === '' ? '' : ` in ${JSON.stringify(folder)}`;
  const names = `${JSON.stringify(one)} and ${JSON.stringify(other)}${where}`;
  return {
    code: 'name-collision',
    path: folder,
    message: `${names} are one name where case or Unicode form does not count.`,
  };
}
