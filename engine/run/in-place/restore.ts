/** @file Puts the outputs of a stage that runs in place where they belong, from the cache. */
import { rmSync, statSync } from 'node:fs';
import type { Digest } from '../../../base/ids.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import { placeForPeople } from '../../../cache/placement.ts';
import type { Stage, Workspace } from '../../pipeline/graph.ts';
import type { Outputs } from '../../plan/resolve.ts';
import { isInPlace } from '../../plan/workspace.ts';
import type { Placer } from '../placing.ts';
import { keepOwn } from './kept.ts';

/** Whether anything had to be put back; the digest of what is not in the cache. */
export function restoreOuts(
  context: Placer,
  stage: Stage,
  workspace: Workspace,
  outputs: Outputs,
): Result<boolean, Digest> {
  const { world } = context;
  if (workspace.frozen) return ok(false);
  let restored = false;
  for (const [name, { path }] of Object.entries(workspace.outs)) {
    const artifact = outputs[name];
    if (artifact === undefined || isInPlace(path, artifact, world)) continue;
    keepOwn(context, stage, name, path, artifact);
    rmSync(path, { recursive: true, force: true });
    const placed = placeForPeople(world.project.cache, artifact, path);
    if (!placed.ok) return err(placed.error.digest);
    for (const file of placed.value) {
      world.memo.record(statSync(file.path, { bigint: true }), file.digest, Date.now());
    }
    restored = true;
  }
  return ok(restored);
}
