/** @file What a stage made, digested where it lies: nothing is stored. */
import { lstatSync } from 'node:fs';
import { digestFileInTurns } from '../../base/digest.ts';
import { ok, type Result } from '../../base/result.ts';
import type { ArtifactFault } from '../../cache/artifact.ts';
import { listFolder } from '../../cache/inputs.ts';
import type { Memo } from '../../cache/memo.ts';
import { treeDigest } from '../../cache/tree.ts';
import type { Made } from './compare.ts';

/** These files are gone in a moment: their times are of no use to anybody. */
const FORGETFUL: Memo = { lookup: () => undefined, record: () => {}, flush: () => {} };

export async function digestMade(path: string): Promise<Result<Made, ArtifactFault>> {
  const stat = lstatSync(path);
  if (!stat.isDirectory()) {
    const form = stat.mode & 0o111 ? 'exec' : 'file';
    return ok({ artifact: { form, digest: await digestFileInTurns(path) }, path, entries: [] });
  }
  const listed = listFolder(path, FORGETFUL);
  if (!listed.ok) return listed;
  const entries = listed.value;
  return ok({ artifact: { form: 'tree', digest: treeDigest(entries) }, path, entries });
}
