/**
 * `npm run bench` lists the benches, `npm run bench -- NAME [options]` runs one. A bench is a program `bench/NAME.ts` that
 * prints one JSON document on stdout; it is shown and kept in bench/results/NAME.json with the machine it ran on.
 * `--no-build` measures dist/ as it is; `--no-save` keeps nothing.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { cpus, platform, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const bench = join(root, 'bench');
/** Folders that hold parts of benches, not benches. */
const PARTS = new Set([
  'adopting',
  'executing',
  'fuzzing',
  'killing',
  'leasing',
  'measure',
  'peers',
  'results',
  'resuming',
  'rows',
]);

function names(folder = '') {
  return readdirSync(join(bench, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return PARTS.has(path) ? [] : names(path);
    return entry.name.endsWith('.ts') ? [path.slice(0, -3)] : [];
  });
}

function machine() {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memory_gib: Math.round(totalmem() / 2 ** 30),
    os: `${platform()} ${release()}`,
    node: process.version,
  };
}

function run(command, args, options) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (result.status !== 0) process.exit(result.status ?? 1);
  return result;
}

const own = new Set(['--no-build', '--no-save']);
const [name, ...given] = process.argv.slice(2);
if (name === undefined || !names().includes(name)) {
  if (name !== undefined) console.error(`There is no bench "${name}".`);
  console.error(
    `Benches:\n${names()
      .map((one) => `  npm run bench -- ${one}`)
      .join('\n')}`,
  );
  process.exit(name === undefined ? 0 : 2);
}

if (!given.includes('--no-build')) run(process.execPath, [join(root, 'scripts/build.mjs')]);
const { stdout } = run(
  process.execPath,
  ['--import', 'tsx', join(bench, `${name}.ts`), ...given.filter((arg) => !own.has(arg))],
  { stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 2 ** 28, encoding: 'utf8' },
);
const document = {
  bench: name,
  date: new Date().toISOString(),
  machine: machine(),
  options: given.filter((arg) => !own.has(arg)),
  result: JSON.parse(stdout),
};
const text = `${JSON.stringify(document, null, 2)}\n`;
if (!given.includes('--no-save')) {
  const file = join(bench, 'results', `${name}.json`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
process.stdout.write(text);
