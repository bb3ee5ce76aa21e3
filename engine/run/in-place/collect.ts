/** @file Takes what a command wrote in place into the cache; the files stay where they are. */
import { constants, copyFileSync, cpSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Result } from '../../../base/result.ts';
import type { Artifact, ArtifactFault } from '../../../cache/artifact.ts';
import { listFolder, pinInput } from '../../../cache/inputs.ts';
import { errnoOf } from '../../../cache/publish.ts';
import { storeArtifact } from '../../../cache/store.ts';
import { storeTree } from '../../../cache/tree.ts';
import type { StageFailure } from '../../event.ts';
import type { Stage, Workspace, WorkspaceOut } from '../../pipeline/graph.ts';
import type { World } from '../../plan/world.ts';

/** All outputs or none. Copies (reflinks where there are any) go through `folder`. */
export async function collectInPlace(
  stage: Stage,
  workspace: Workspace,
  folder: string,
  world: World,
): Promise<Result<{ [name: string]: Artifact }, StageFailure>> {
  const outs = Object.entries(workspace.outs);
  for (const [name, { path }] of outs) {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat !== undefined) continue;
    return err({
      code: 'output-missing',
      message: `It ended well, but did not write its output ${name}.`,
      hint: `${stage.id} declares it; paths start from ${workspace.from === '' ? 'the folder of the file' : workspace.from}`,
    });
  }
  const artifacts: { [name: string]: Artifact } = {};
  for (const [i, [name, out]] of outs.entries()) {
    try {
      const taken = await take(out, join(folder, String(i)), world);
      if (!taken.ok) {
        return err({ code: taken.error.code, message: `${name} cannot be kept: ${taken.error.message}` });
      }
      artifacts[name] = taken.value;
    } catch (error) {
      const code = errnoOf(error);
      if (code === undefined) throw error;
      const hint = code === 'ENOSPC' ? 'free some space, or move the cache with WARREN_CACHE' : undefined;
      const message = `${name} could not be stored: ${(error as Error).message}.`;
      return err({ code: 'cache-write', message, hint });
    }
  }
  return ok(artifacts);
}

async function take(out: WorkspaceOut, copy: string, world: World): Promise<Result<Artifact, ArtifactFault>> {
  const { cache } = world.project;
  const stat = lstatSync(out.path, { bigint: true });
  if (!out.kept && stat.isFile()) {
    const pinned = pinInput(out.path, world.memo, 'whole');
    return pinned.ok ? ok(pinned.value.artifact) : pinned;
  }
  if (!out.kept && stat.isDirectory()) {
    // The list of the folder is kept, for those who depend on one file of it; the files are not.
    const listed = listFolder(out.path, world.memo);
    return listed.ok ? ok(storeTree(cache, listed.value)) : listed;
  }
  if (stat.isDirectory()) {
    cpSync(out.path, copy, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE });
    return storeArtifact(cache, copy);
  }
  if (!stat.isFile()) return storeArtifact(cache, out.path);
  const readAt = Date.now();
  copyFileSync(out.path, copy, constants.COPYFILE_FICLONE);
  const stored = await storeArtifact(cache, copy);
  if (stored.ok) world.memo.record(stat, stored.value.digest, readAt);
  return stored;
}
