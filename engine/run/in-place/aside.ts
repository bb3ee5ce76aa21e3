/**
 * @file What stood at a stage's outputs before its command, put aside under `.warren/workspace/` until the stage ends
 * well. A note of it is written before anything moves, so that an engine that comes after a killed one brings it back.
 */
import { randomBytes } from 'node:crypto';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Key, StageId } from '../../../base/ids.ts';
import { errnoOf, writeAtomic } from '../../../cache/publish.ts';
import type { Stage, Workspace } from '../../pipeline/graph.ts';
import type { Project } from '../../project.ts';

export interface Aside {
  readonly stage: StageId;
  readonly key: Key;
  /** Also in the environment of the command: it tells whether it still runs. */
  readonly mark: string;
  /** `from` is the output's path; `to` where it stands meanwhile. Without `to` there was nothing. */
  readonly moves: readonly { readonly name: string; readonly from: string; readonly to?: string }[];
}

export function workspaceFolder(project: Project): string {
  return join(project.home, 'workspace');
}

const asideFolder = (project: Project, mark: string): string => join(workspaceFolder(project), 'aside', mark);
const notePath = (project: Project, mark: string): string => `${asideFolder(project, mark)}.json`;

/** Clears the way for the command; outputs with `persist` stay. */
export function putAside(project: Project, stage: Stage, workspace: Workspace, key: Key): Aside {
  const mark = randomBytes(8).toString('hex');
  const folder = asideFolder(project, mark);
  const moves = Object.entries(workspace.outs)
    .filter(([, { persist }]) => !persist)
    .map(([name, { path }], i) => {
      return exists(path) ? { name, from: path, to: join(folder, String(i)) } : { name, from: path };
    });
  const aside: Aside = { stage: stage.id, key, mark, moves };
  mkdirSync(folder, { recursive: true });
  writeAtomic(notePath(project, mark), JSON.stringify(aside));
  for (const { from, to } of moves) {
    if (to !== undefined) move(from, to);
    else mkdirSync(dirname(from), { recursive: true });
  }
  return aside;
}

/** Everything as it was. What the command left is kept apart, the latest for each stage. Can be called again. */
export function bringBack(project: Project, aside: Aside): void {
  const failed = join(workspaceFolder(project), 'failed', encodeURIComponent(aside.stage));
  let kept = false;
  for (const [i, { from, to }] of aside.moves.entries()) {
    // Not moved yet, or back already: what stands there is the good one.
    if (to !== undefined && !exists(to)) continue;
    if (exists(from)) {
      if (!kept) rmSync(failed, { recursive: true, force: true });
      kept = true;
      move(from, join(failed, String(i)));
    }
    if (to !== undefined) move(to, from);
  }
  forget(project, aside);
}

/** The new outputs stand. */
export function forget(project: Project, { mark }: Aside): void {
  rmSync(notePath(project, mark), { force: true });
  rmSync(asideFolder(project, mark), { recursive: true, force: true });
}

/** Notes that engines before left behind. One that was torn has moved nothing. */
export function leftBehind(project: Project): Aside[] {
  const folder = join(workspaceFolder(project), 'aside');
  return names(folder)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => {
      try {
        return [JSON.parse(readFileSync(join(folder, name), 'utf8')) as Aside];
      } catch {
        return [];
      }
    });
}

/** By renaming; by copying where the state folder is on another file system. */
export function move(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  try {
    renameSync(from, to);
  } catch (error) {
    if (errnoOf(error) !== 'EXDEV') throw error;
    const half = `${to}.half`;
    rmSync(half, { recursive: true, force: true });
    cpSync(from, half, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
    renameSync(half, to);
    rmSync(from, { recursive: true, force: true });
  }
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function names(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
