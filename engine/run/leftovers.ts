/** @file What stages left in a project's home and nothing will use again: old states of dead attempts, spare folders. */
import { randomBytes } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Key } from '../../base/ids.ts';
import type { Locks } from '../../cache/locks.ts';
import { errnoOf } from '../../cache/publish.ts';
import { hasEnded } from '../executors/records/records.ts';
import type { Project } from '../project.ts';
import { mayLive } from './intents.ts';

/** How long a state is kept for a stage that never succeeded. Milliseconds. */
const KEPT = 30 * 86_400_000;

export interface Leftovers {
  /** Folders of attempts whose `state/` and staged files go; logs stay. */
  readonly states: readonly string[];
  readonly spares: readonly string[];
  /** Results half placed for people by a killed engine. */
  readonly unplaced: readonly string[];
}

export function findLeftovers(project: Project, now: number): Leftovers {
  const attempts = join(project.home, 'attempts');
  return {
    states: names(attempts)
      .map((name) => join(attempts, name))
      .filter(
        (path) => now - lastChange(path) > KEPT && !isPending(project, path) && heavyParts(path).length > 0,
      ),
    spares: names(join(project.home, 'spare')).map((name) => join(project.home, 'spare', name)),
    unplaced: names(join(project.root, 'out')).flatMap((pipeline) => {
      const folder = join(project.root, 'out', pipeline);
      return names(folder).flatMap((name) =>
        name.startsWith('.tmp-') && now - lastChange(join(folder, name)) > 3_600_000
          ? [join(folder, name)]
          : [],
      );
    }),
  };
}

export function removeLeftovers(project: Project, found: Leftovers, locks: Locks): void {
  for (const path of found.states) {
    const lock = locks.tryLock(`sha256:${path.slice(-64)}` as Key);
    if (!lock.held) continue;
    for (const part of heavyParts(path)) rmSync(part, { recursive: true, force: true });
    lock.release();
  }
  for (const path of found.spares) {
    // An engine takes a spare by renaming it: what it could still find must be whole.
    const aside = join(project.home, `.tmp-${process.pid}-${randomBytes(6).toString('hex')}`);
    try {
      renameSync(path, aside);
      rmSync(aside, { recursive: true, force: true });
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
    }
  }
  for (const path of found.unplaced) rmSync(path, { recursive: true, force: true });
}

/** Submitted elsewhere, and nobody has seen its end. */
function isPending(project: Project, attempts: string): boolean {
  return names(attempts).some((name) => {
    const folder = join(attempts, name);
    return mayLive(project, folder) && !hasEnded(folder);
  });
}

/** Everything but logs and fingerprints, which `logs` and `why` read. */
function heavyParts(attempts: string): string[] {
  return names(attempts).flatMap((name) => {
    const path = join(attempts, name);
    if (name === 'state') return [path];
    if (!/^\d+$/.test(name)) return [];
    return names(path).flatMap((part) => (part === 'log' ? [] : [join(path, part)]));
  });
}

/** Of a folder and what is in it, two levels deep: a stage that writes its state moves that. */
function lastChange(path: string): number {
  if (!existsSync(path)) return 0;
  const below = names(path).flatMap((name) => {
    const inner = join(path, name);
    return [inner, ...names(inner).map((each) => join(inner, each))];
  });
  return Math.max(
    ...[path, ...below].map((each) => lstatSync(each, { throwIfNoEntry: false })?.mtimeMs ?? 0),
  );
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
