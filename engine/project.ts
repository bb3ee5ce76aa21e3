/** @file Where a project keeps its state: `.warren/` in the nearest folder above the pipeline that says "project". */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export interface Project {
  readonly root: string;
  /** Runs, attempts, memo: `.warren`, or WARREN_HOME. */
  readonly home: string;
  /** Objects and actions, shareable: `<home>/cache`, or WARREN_CACHE. */
  readonly cache: string;
}

/** The project of a pipeline file: the nearest folder above with `warren.yaml`, else `.git`, else `.dvc`, else the file's own. */
export function findProject(file: string, env: NodeJS.ProcessEnv = process.env): Project {
  const own = dirname(resolve(file));
  const root = nearest(own, 'warren.yaml') ?? nearest(own, '.git') ?? nearest(own, '.dvc') ?? own;
  const home = env['WARREN_HOME'] ? resolve(env['WARREN_HOME']) : join(root, '.warren');
  const cache = env['WARREN_CACHE'] ? resolve(env['WARREN_CACHE']) : join(home, 'cache');
  return { root, home, cache };
}

/** The project's settings; an empty file only marks the project. */
export function settingsPath({ root }: Project): string {
  return join(root, 'warren.yaml');
}

/** Makes the state folder, hidden from git: nobody should have to edit an ignore file first. */
export function prepareHome(project: Project): void {
  if (existsSync(join(project.home, '.gitignore'))) return;
  try {
    mkdirSync(project.home, { recursive: true });
    writeFileSync(join(project.home, '.gitignore'), '*\n');
  } catch (error) {
    // Whoever needs more of it than a hint for git will say that it cannot be written.
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
}

function nearest(folder: string, marker: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, marker))) return at;
    if (dirname(at) === at) return undefined;
  }
}
