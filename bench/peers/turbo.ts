/** @file turbo on the tree, one package. Its native program is started directly, without the Node shim. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { timed } from '../measure/command.ts';
import { below, SEED_FILE, type TreeEngine, work } from './tree.ts';

export const TURBO = '2.11.11';

const ARCHITECTURE: Readonly<Record<string, string>> = { x64: '64', arm64: 'arm64' };

function program(modules: string): string {
  const native = join(modules, `@turbo/${platform()}-${ARCHITECTURE[arch()] ?? arch()}/bin/turbo`);
  return existsSync(native) ? native : join(modules, '.bin/turbo');
}

export function turbo(modules: string): TreeEngine {
  return {
    name: 'turbo',
    version: TURBO,
    write: async (folder, size) => {
      const ids = Array.from({ length: size }, (_, i) => i);
      const scripts = Object.fromEntries(ids.map((i) => [`s${i}`, work(i, size).command]));
      const tasks = Object.fromEntries(
        ids.map((i) => {
          const dependsOn = below(i, size).map((child) => `s${child}`);
          return [`s${i}`, { dependsOn, inputs: work(i, size).sources, outputs: [`out/s${i}.txt`] }];
        }),
      );
      mkdirSync(join(folder, 'out'));
      writeFileSync(join(folder, SEED_FILE), 'seed\n');
      const manifest = {
        name: 'tree',
        version: '1.0.0',
        private: true,
        packageManager: 'npm@11.0.0',
        scripts,
      };
      writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
      writeFileSync(join(folder, 'turbo.json'), JSON.stringify({ tasks }));
      writeFileSync(join(folder, '.gitignore'), 'out\n.turbo\nnode_modules\n');
      await timed(['git', 'init', '-q'], { cwd: folder });
    },
    run: (folder) =>
      timed([program(modules), 'run', 's0', '--output-logs=none', '--no-update-notifier'], {
        cwd: folder,
        env: { TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
      }),
  };
}
