/** @file The same graph for warren, wireit and turbo; each answers which stages ran. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { program } from '../../../bench/peers/turbo.ts';
import { commandOf, fileOf, type Node } from './model.ts';

const ROOT = join(import.meta.dirname, '../../..');
const MODULES = join(ROOT, 'node_modules');

export interface Peer {
  readonly name: string;
  /** Writes the configuration; the files are written by `writeFiles`. */
  configure(folder: string, nodes: readonly Node[]): void;
  run(folder: string): Promise<void>;
}

export const warren: Peer = {
  name: 'warren',
  configure: (folder, nodes) => {
    const stages = nodes.map((node, i) => {
      const inputs = [`f: ./in/s${i}.txt`, ...node.needs.map((need) => `n${need}: s${need}.o`)];
      const reads = node.needs.map((need) => `\${in.n${need}}`);
      const command = JSON.stringify(commandOf(i, node, '${in.f}', reads, '${out.o}'));
      return `  s${i}: { run: ${command}, in: { ${inputs.join(', ')} }, out: { o: file } }\n`;
    });
    write(folder, 'warren.yaml', '');
    write(folder, 'peer.yaml', `name: peer\nstages:\n${stages.join('')}`);
  },
  run: async (folder) => {
    await call(folder, process.execPath, [
      join(ROOT, 'dist/engine/cli/main.js'),
      'run',
      'peer.yaml',
      '--quiet',
    ]);
  },
};

export const wireit: Peer = {
  name: 'wireit',
  configure: (folder, nodes) => {
    const names = nodes.map((_, i) => `s${i}`);
    const tasks = nodes.map((node, i) => [
      `s${i}`,
      {
        command: peerCommand(i, node),
        dependencies: node.needs.map((need) => `s${need}`),
        files: [`in/s${i}.txt`],
        output: [`out/s${i}.txt`],
      },
    ]);
    const scripts = Object.fromEntries([...names, 'all'].map((name) => [name, 'wireit']));
    const configured = { ...Object.fromEntries(tasks), all: { dependencies: names } };
    write(
      folder,
      'package.json',
      JSON.stringify({ name: 'peer', version: '1.0.0', scripts, wireit: configured }),
    );
  },
  run: async (folder) => {
    // What npm would set for `npm run all`.
    await call(folder, process.execPath, [join(MODULES, 'wireit/bin/wireit.js')], {
      npm_lifecycle_event: 'all',
      npm_package_json: join(folder, 'package.json'),
      npm_config_user_agent: 'npm/11',
      WIREIT_LOGGER: 'quiet',
      WIREIT_CACHE: 'local',
    });
  },
};

/** False where `scripts/peers.sh` has not run. */
export const HAS_TURBO: boolean = program() !== undefined;

export const turbo: Peer = {
  name: 'turbo',
  configure: (folder, nodes) => {
    const scripts = Object.fromEntries(nodes.map((node, i) => [`s${i}`, peerCommand(i, node)]));
    const tasks = Object.fromEntries(
      nodes.map((node, i) => {
        const dependsOn = node.needs.map((need) => `s${need}`);
        return [`s${i}`, { dependsOn, inputs: [`in/s${i}.txt`], outputs: [`out/s${i}.txt`] }];
      }),
    );
    const manifest = { name: 'peer', version: '1.0.0', private: true, packageManager: 'npm@11.0.0', scripts };
    write(folder, 'package.json', JSON.stringify(manifest));
    write(folder, 'turbo.json', JSON.stringify({ tasks }));
    write(folder, '.gitignore', 'out\n.turbo\nnode_modules\nran.log\n');
  },
  run: async (folder) => {
    if (!existsSync(join(folder, '.git'))) await call(folder, 'git', ['init', '-q']);
    const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { scripts: object };
    const args = ['run', ...Object.keys(scripts), '--output-logs=none', '--no-update-notifier'];
    await call(folder, program() ?? '', args, {
      TURBO_TELEMETRY_DISABLED: '1',
      DO_NOT_TRACK: '1',
    });
  },
};

function peerCommand(i: number, node: Node): string {
  const reads = node.needs.map((need) => `out/s${need}.txt`);
  return commandOf(i, node, `in/s${i}.txt`, reads, `out/s${i}.txt`);
}

/** Only what differs is written: another time on an unchanged file is an edit of its own. */
export function writeFiles(folder: string, nodes: readonly Node[]): void {
  for (const [i, node] of nodes.entries()) write(folder, `in/s${i}.txt`, fileOf(node));
  mkdirSync(join(folder, 'out'), { recursive: true });
}

export async function ranIn(peer: Peer, folder: string): Promise<string[]> {
  const log = join(folder, 'ran.log');
  rmSync(log, { force: true });
  await peer.run(folder);
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').sort() : [];
}

function write(folder: string, name: string, text: string): void {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
}

async function call(folder: string, file: string, args: readonly string[], env: object = {}): Promise<void> {
  const own = { PATH: `${join(process.execPath, '..')}:${process.env['PATH'] ?? ''}`, HOME: folder };
  await execa(file, args, { cwd: folder, env: { ...own, ...env }, extendEnv: false, stdin: 'ignore' });
}
