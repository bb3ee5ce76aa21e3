/** @file What a stage made, digested where it lies: nothing is stored. */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { digestFileInTurns } from '../../base/digest.ts';
import { ok, type Result } from '../../base/result.ts';
import type { ArtifactFault } from '../../cache/artifact.ts';
import { type TreeEntry, treeDigest } from '../../cache/tree.ts';
import { walkFolder } from '../../cache/walk.ts';
import type { Made } from './compare.ts';

export async function digestMade(path: string): Promise<Result<Made, ArtifactFault>> {
  const stat = lstatSync(path);
  if (!stat.isDirectory()) {
    const artifact = { form: formOf(stat.mode), digest: await digestFileInTurns(path) };
    return ok({ artifact, path, entries: [] });
  }
  const walk = walkFolder(path);
  if (!walk.ok) return walk;
  const entries: TreeEntry[] = [];
  for (const member of walk.value.members) {
    if (member.kind === 'dir') entries.push([member.path, 'dir']);
    else if (member.kind === 'link') entries.push([member.path, 'link', member.target]);
    else {
      const digest = await digestFileInTurns(join(path, member.path));
      entries.push([member.path, formOf(Number(member.stat.mode)), digest]);
    }
  }
  return ok({ artifact: { form: 'tree', digest: treeDigest(entries) }, path, entries });
}

function formOf(mode: number): 'file' | 'exec' {
  return mode & 0o111 ? 'exec' : 'file';
}
