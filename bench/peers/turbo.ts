/** @file turbo on tasks that need nothing of each other, one package. Its native program is started directly, without the Node shim. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { type Timed, timed } from '../measure/command.ts';
import { ROOT } from '../measure/warren.ts';
import { SEED_FILE } from './tree.ts';

export const TURBO = '2.11.11';

const ARCHITECTURE: Readonly<Record<string, string>> = { x64: '64', arm64: 'arm64' };

/** Where `scripts/peers.sh` puts it; undefined where it did not. */
export function program(): string | undefined {
  const modules = join(ROOT, '.peers/node_modules');
  const native = join(modules, `@turbo/${platform()}-${ARCHITECTURE[arch()] ?? arch()}/bin/turbo`);
  return existsSync(native) ? native : undefined;
}

/** Tasks that read the seed and write a file each, in an empty folder, and how to bring all of them up to date. Undefined without turbo. */
export async function turbo(folder: string, size: number): Promise<(() => Promise<Timed>) | undefined> {
  const turbo = program();
  if (turbo === undefined) return undefined;
  const names = Array.from({ length: size }, (_, i) => `s${i}`);
  const scripts = names.map((name) => [name, `echo ${name} > out/${name}.txt`]);
  const tasks = names.map((name) => [name, { inputs: [SEED_FILE], outputs: [`out/${name}.txt`] }]);
  const all = { inputs: [], outputs: [], dependsOn: names };
  mkdirSync(join(folder, 'out'), { recursive: true });
  writeFileSync(join(folder, SEED_FILE), 'seed\n');
  const manifest = {
    name: 'flat',
    version: '1.0.0',
    private: true,
    packageManager: 'npm@11.0.0',
    scripts: { ...Object.fromEntries(scripts), all: 'true' },
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'turbo.json'), JSON.stringify({ tasks: { ...Object.fromEntries(tasks), all } }));
  writeFileSync(join(folder, '.gitignore'), 'out\n.turbo\nnode_modules\n');
  await timed(['git', 'init', '-q'], { cwd: folder });
  return () =>
    timed([turbo, 'run', 'all', '--output-logs=none', '--no-update-notifier'], {
      cwd: folder,
      env: { TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
    });
}
