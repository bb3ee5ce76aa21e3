/** @file Whether a stage's inputs stayed as they were while it ran. */
import { changedSince } from '../../cache/guards.ts';
import type { StageFailure } from '../event.ts';
import type { Stage } from '../pipeline/graph.ts';
import { sourcesOf } from '../plan/index.ts';
import type { Attempt } from './attempt-folder.ts';
import type { RunContext } from './context.ts';

/** The user's file that is no longer what was read when the run began. */
export function changedInput({ world }: Pick<RunContext, 'world'>, stage: Stage): string | undefined {
  for (const binding of Object.values(stage.in)) {
    for (const source of sourcesOf(binding)) {
      if (source.kind !== 'file') continue;
      const pinned = world.pin(source.path);
      const changed = pinned.ok ? changedSince(pinned.value.guards) : source.path;
      if (changed !== undefined) return changed;
    }
  }
  return undefined;
}

export function warnChanged(context: RunContext, stage: Stage, file: string): void {
  const message = `${file} changed while ${stage.id} ran, so its result was not stored.`;
  const diagnostic = { code: 'input-changed', severity: 'warning', message, hint: 'run again' } as const;
  context.emit({ type: 'warning', at: Date.now(), stage: stage.id, diagnostic });
}

/** What a stage is told that wrote to a result of another stage. */
export function inputMutated(opened: Attempt, path: string): StageFailure {
  const shown = path.startsWith(opened.folder) ? path.slice(opened.folder.length + 1) : path;
  return {
    code: 'input-mutated',
    message: `The stage wrote to its input ${shown}.`,
    hint: 'copy an input before changing it; the spoiled bytes were taken out of the cache',
  };
}
