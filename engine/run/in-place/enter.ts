/**
 * @file One engine at a time works in a project's own files: two would take each other's outputs away. Who comes in
 * first undoes what a killed engine left half done.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { digestOf } from '../../../base/digest.ts';
import type { Key } from '../../../base/ids.ts';
import { readAction } from '../../../cache/actions.ts';
import { pinInput } from '../../../cache/inputs.ts';
import { openLocks } from '../../../cache/locks.ts';
import { type Memo, openMemo } from '../../../cache/memo.ts';
import type { Emit } from '../../event.ts';
import { GRACE } from '../../executors/supervision.ts';
import { type Project, prepareHome } from '../../project.ts';
import { type Aside, bringBack, forget, leftBehind, workspaceFolder } from './aside.ts';

/** Milliseconds between two looks. */
const LOOK = 100;

/** Answers how to leave; undefined when the run was stopped while waiting. */
export async function enterWorkspace(
  project: Project,
  stop: AbortSignal | undefined,
  emit: Emit,
): Promise<(() => void) | undefined> {
  prepareHome(project);
  const locks = openLocks(workspaceFolder(project));
  const key = digestOf('warren/workspace/1', 'workspace') as string as Key;
  let said = false;
  for (;;) {
    const attempt = locks.tryLock(key);
    if (attempt.held) {
      const left = leftBehind(project);
      const memo = openMemo(join(project.home, 'memo'));
      for (const aside of left) await settle(project, aside, memo);
      return () => {
        attempt.release();
        locks.close();
      };
    }
    if (!said) {
      const { owner } = attempt;
      const who = owner === undefined ? 'Another run' : `Process ${owner.pid} on ${owner.host}`;
      const message = `${who} works in this folder; this run waits for it.`;
      const diagnostic = { code: 'workspace-busy', severity: 'warning', message } as const;
      emit({ type: 'warning', at: Date.now(), diagnostic });
    }
    said = true;
    if (stop?.aborted) {
      locks.close();
      return undefined;
    }
    await pause(LOOK);
  }
}

/** A stage that had been recorded had ended well; of any other everything is put back. */
async function settle(project: Project, aside: Aside, memo: Memo): Promise<void> {
  const deadline = performance.now() + 2 * GRACE;
  while (isRunning(aside.mark) && performance.now() < deadline) await pause(LOOK);
  const outputs = readAction(project.cache, aside.key)?.outputs;
  const whole =
    outputs !== undefined &&
    aside.moves.every(({ name, from }) => {
      const pinned = pinInput(from, memo, 'whole');
      return pinned.ok && pinned.value.artifact.digest === outputs[name]?.digest;
    });
  if (whole) forget(project, aside);
  else bringBack(project, aside);
}

/** A process of a killed engine's stage has up to its grace to end, and may write until then. */
function isRunning(mark: string): boolean {
  let ids: string[];
  try {
    ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return false;
  }
  return ids.some((id) => {
    try {
      return readFileSync(`/proc/${id}/environ`, 'latin1').includes(mark);
    } catch {
      return false;
    }
  });
}
