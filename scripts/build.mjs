/** Compiles to dist/ and copies what the compiler does not: manifests, record schemas and the wrapper of jobs. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
rmSync(join(root, 'dist'), { recursive: true, force: true });
const tsc = spawnSync(
  process.execPath,
  [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
if (tsc.status !== 0) process.exit(tsc.status ?? 1);
const { readSources } = await import(join(root, 'dist/engine/plan/code.js'));
for (const kind of readdirSync(join(root, 'stages'))) {
  const manifest = join(root, 'stages', kind, 'manifest.json');
  if (!existsSync(manifest)) continue;
  const to = join(root, 'dist/stages', kind, 'manifest.json');
  mkdirSync(dirname(to), { recursive: true });
  cpSync(manifest, to);
  // Keys hold the digest of the sources: recorded here, a built kind has the same keys as its sources.
  const entry = join(root, 'stages', kind, 'run.ts');
  if (!existsSync(entry)) continue;
  const { code } = readSources([entry, join(root, 'stages/host.ts')]);
  writeFileSync(join(dirname(to), 'code.json'), `${JSON.stringify(code)}\n`);
}
const wrapper = 'engine/executors/records/wrapper.sh';
cpSync(join(root, wrapper), join(root, 'dist', wrapper));
cpSync(join(root, 'schemas'), join(root, 'dist/schemas'), { recursive: true });
const main = join(root, 'dist/engine/cli/main.js');
if (existsSync(main)) chmodSync(main, 0o755);
// What is compiled from pipelines, and what is answered without looking twice, holds for one build only.
const dist = join(root, 'dist');
const files = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name))
  .sort();
const build = createHash('sha256').update(readFileSync(join(root, 'package.json')));
for (const file of files) build.update(`${relative(dist, file)}\n`).update(readFileSync(file));
writeFileSync(join(dist, 'build.json'), `${JSON.stringify({ build: build.digest('hex') })}\n`);
