/** @file Whether a stage's inputs stayed as they were while it ran. */
import type { Digest } from '../../base/ids.ts';
import { changedSince, stampOf } from '../../cache/guards.ts';
import type { StageFailure } from '../event.ts';
import type { Stage } from '../pipeline/graph.ts';
import { sourcesOf } from '../plan/index.ts';
import type { World } from '../plan/world.ts';
import type { Attempt } from './attempt-folder.ts';
import type { RunContext } from './context.ts';

/** The user's file that is no longer what was read when the run began. */
export function changedInput({ world }: Pick<RunContext, 'world'>, stage: Stage): string | undefined {
  for (const path of filesOf(stage)) {
    const pinned = world.pin(path);
    const changed = pinned.ok ? changedSince(pinned.value.guards) : path;
    if (changed !== undefined) return changed;
  }
  return undefined;
}

/** What tells whether anybody has written to them since, for a run that comes later. */
export function stampsOf(world: World, stage: Stage): { readonly [path: string]: Digest } {
  const stamps: { [path: string]: Digest } = {};
  for (const path of filesOf(stage)) {
    const pinned = world.pin(path);
    if (pinned.ok) stamps[path] = stampOf(pinned.value.guards);
  }
  return stamps;
}

/** The user's file that was written to since an earlier run submitted the stage, though it is what it was. */
export function rewrittenInput(
  world: World,
  stage: Stage,
  stamps: { readonly [path: string]: Digest },
): string | undefined {
  const now = stampsOf(world, stage);
  return filesOf(stage).find((path) => stamps[path] !== now[path]);
}

function filesOf(stage: Stage): string[] {
  return Object.values(stage.in).flatMap((binding) =>
    sourcesOf(binding).flatMap((source) => (source.kind === 'file' ? source.path : [])),
  );
}

export function warnChanged(context: RunContext, stage: Stage, file: string): void {
  const message = `${file} changed while ${stage.id} ran, so its result was not stored.`;
  const diagnostic = { code: 'input-changed', severity: 'warning', message, hint: 'run again' } as const;
  context.emit({ type: 'warning', at: Date.now(), stage: stage.id, diagnostic });
}

/** Beside the attempts of a key whose inputs were spoiled, perhaps by others: the next one has copies of its own. */
export const SUSPECT = 'inputs-apart';

/** What a stage is told that wrote to a result of another stage. */
export function inputMutated(opened: Pick<Attempt, 'folder'>, path: string): StageFailure {
  const shown = path.startsWith(opened.folder) ? path.slice(opened.folder.length + 1) : path;
  return {
    code: 'input-mutated',
    message: `The stage wrote to its input ${shown}.`,
    hint: 'copy an input before changing it; the spoiled bytes were taken out of the cache',
  };
}
