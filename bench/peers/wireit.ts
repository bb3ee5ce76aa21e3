/** @file wireit on the tree. It is started without npm in front, which is the faster way. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { timed } from '../measure/command.ts';
import { ROOT } from '../measure/warren.ts';
import { below, SEED_FILE, type TreeEngine, work } from './tree.ts';

export function wireit(): TreeEngine {
  return {
    name: 'wireit',
    version: manifest.devDependencies.wireit,
    write: async (folder, size) => {
      const ids = Array.from({ length: size }, (_, i) => i);
      const scripts = Object.fromEntries(ids.map((i) => [`s${i}`, 'wireit']));
      const configured = Object.fromEntries(
        ids.map((i) => {
          const { sources, command } = work(i, size);
          const dependencies = below(i, size).map((child) => `s${child}`);
          return [`s${i}`, { command, dependencies, files: sources, output: [`out/s${i}.txt`] }];
        }),
      );
      mkdirSync(join(folder, 'out'));
      writeFileSync(join(folder, SEED_FILE), 'seed\n');
      const manifest = { name: 'tree', version: '1.0.0', private: true, scripts, wireit: configured };
      writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
    },
    run: (folder) =>
      timed([process.execPath, join(ROOT, 'node_modules/wireit/bin/wireit.js')], {
        cwd: folder,
        // What npm would set for `npm run s0`.
        env: {
          npm_lifecycle_event: 's0',
          npm_package_json: join(folder, 'package.json'),
          npm_config_user_agent: 'npm/11',
          WIREIT_LOGGER: 'quiet',
        },
      }),
  };
}
