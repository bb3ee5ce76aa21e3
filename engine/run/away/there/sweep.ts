/**
 * @file On the host: attempts that were laid out for an engine that died before it submitted them, and what attempts saved
 * before they began anew elsewhere. Nobody else knows of them.
 */
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { removeThere } from './collect.ts';
import { projectFolder } from './folders.ts';

/** So long nothing may happen to one that has not begun: what waits to be started is written to again and again. Milliseconds. */
const IDLE = 86_400_000;
/** So long a state is kept without an attempt, as at home. */
const KEPT = 30 * IDLE;

export function sweepAttempts(root: string, project: string, now: number): void {
  const attempts = projectFolder(root, project);
  for (const key of names(attempts)) {
    for (const number of names(join(attempts, key))) {
      const folder = join(attempts, key, number);
      if (!/^\d+$/.test(number) || existsSync(join(folder, 'job', 'started'))) continue;
      const last = Math.max(...[folder, join(folder, 'job')].map(lastChange));
      if (now - last > IDLE) removeThere(folder, false);
    }
    const state = join(attempts, key, 'state');
    if (names(join(attempts, key)).join() !== 'state') continue;
    const saved = [state, ...names(state).map((name) => join(state, name))].map(lastChange);
    if (now - Math.max(...saved) > KEPT) rmSync(join(attempts, key), { recursive: true, force: true });
  }
}

function lastChange(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
