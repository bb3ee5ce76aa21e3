/** @file What people wrote over an output is never lost: it is moved to `.warren/workspace/kept/` before it is replaced. */
import { lstatSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { readAction } from '../../../cache/actions.ts';
import type { Artifact } from '../../../cache/artifact.ts';
import { pinInput } from '../../../cache/inputs.ts';
import type { Emit } from '../../event.ts';
import type { Stage } from '../../pipeline/graph.ts';
import type { GraphIndex } from '../../plan/index.ts';
import type { World } from '../../plan/world.ts';
import { move, workspaceFolder } from './aside.ts';

interface Surroundings {
  readonly index: GraphIndex;
  readonly world: World;
  readonly emit: Emit;
}

/**
 * Moves what stands at `path` away if no result of the stage has it; `name` is the output it is at or was at, `now`
 * what comes in its place.
 */
export function keepOwn(
  context: Surroundings,
  stage: Stage,
  name: string,
  path: string,
  now: Artifact,
): void {
  const { world, emit, index } = context;
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
  const pinned = pinInput(path, world.memo, 'whole');
  const digest = pinned.ok ? pinned.value.artifact.digest : undefined;
  if (digest === now.digest || isResult(stage, name, digest, index.graph.name, world)) return;
  const time = new Date().toISOString().replace(/[-:.Z]/g, '');
  const to = join(workspaceFolder(world.project), 'kept', time, basename(name));
  move(path, to);
  const message = `${name} was not as ${stage.id} had left it; what stood there was moved to ${relative(world.project.root, to)}.`;
  const hint = 'to change an output, change its stage; delete the copy if it is not needed';
  const diagnostic = { code: 'output-replaced', severity: 'warning', message, hint } as const;
  emit({ type: 'warning', at: Date.now(), stage: stage.id, diagnostic });
}

function isResult(
  stage: Stage,
  name: string,
  digest: string | undefined,
  pipeline: string,
  { past, project }: World,
): boolean {
  if (digest === undefined) return false;
  return past
    .of(pipeline, stage.id)
    .some(({ key }) => readAction(project.cache, key)?.outputs[name]?.digest === digest);
}
