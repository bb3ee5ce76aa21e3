/** @file What a stage that runs in place reads: whether it is what its key says, before and after the command. */
import { join } from 'node:path';
import type { StageId } from '../../../base/ids.ts';
import { changedSince, type Guard } from '../../../cache/guards.ts';
import { pinInput } from '../../../cache/inputs.ts';
import type { Source, Stage } from '../../pipeline/graph.ts';
import type { ResolvedInputs } from '../../plan/fingerprint.ts';
import { type GraphIndex, sourcesOf } from '../../plan/index.ts';
import type { World } from '../../plan/world.ts';

export interface Seen {
  /** A file that is not as the run found it. */
  readonly changed: string | undefined;
  /** An upstream stage whose output is not in place any more. */
  readonly displaced: StageId | undefined;
  readonly guards: readonly Guard[];
}

export function lookAt(stage: Stage, inputs: ResolvedInputs, index: GraphIndex, world: World): Seen {
  const guards: Guard[] = [];
  let changed: string | undefined;
  let displaced: StageId | undefined;
  for (const [name, binding] of Object.entries(stage.in)) {
    for (const [i, source] of sourcesOf(binding).entries()) {
      const path = pathOf(source, index);
      const whole = source.kind === 'output' ? 'whole' : 'input';
      const without = source.kind === 'file' ? source.without : undefined;
      const pinned = pinInput(path, world.memo, whole, without);
      const same = pinned.ok && pinned.value.artifact.digest === inputs[name]?.items[i]?.artifact.digest;
      if (same) guards.push(...pinned.value.guards);
      else if (source.kind === 'output') displaced ??= source.stage;
      else changed ??= path;
    }
  }
  return { changed, displaced, guards };
}

/** Names a file that was written to since. */
export function writtenSince(guards: readonly Guard[]): string | undefined {
  return changedSince(guards, true);
}

function pathOf(source: Source, index: GraphIndex): string {
  if (source.kind === 'file') return source.path;
  const out = index.stages.get(source.stage)?.workspace?.outs[source.output];
  if (out === undefined) throw new Error(`Internal error: ${source.stage} has no output ${source.output}`);
  return source.subpath === undefined ? out.path : join(out.path, source.subpath);
}
