/** @file A copy of `pipelines/` as a project of its own, so that a bench starts cold and leaves nothing behind. */
import { cpSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandOptions } from './command.ts';
import { ROOT } from './warren.ts';

export interface Project {
  /** State, cache and journals of the copy. */
  readonly home: string;
  /** For every call: the copy's folder and state, whatever the user's environment says. */
  readonly options: CommandOptions;
  /** Sets a file's times to now without changing a byte. */
  touch(path: string): void;
}

export function copyProject(folder: string): Project {
  cpSync(join(ROOT, 'pipelines'), join(folder, 'pipelines'), { recursive: true });
  writeFileSync(join(folder, 'warren.yaml'), '');
  const home = join(folder, '.warren');
  return {
    home,
    options: { cwd: folder, env: { WARREN_HOME: home, WARREN_CACHE: join(home, 'cache') } },
    touch: (path) => {
      const now = new Date();
      utimesSync(join(folder, path), now, now);
    },
  };
}
