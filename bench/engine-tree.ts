/**
 * @file A binary tree of trivial stages: the first run, and a run with nothing to do, against an empty Node process and
 * against peers on the same tree. `--stages 1000 --rounds 9 --no-peers --keep`
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import manifest from '../package.json' with { type: 'json' };
import { alternate, emptyNode, type Timed } from './measure/command.ts';
import { inScratch, print, say } from './measure/scratch.ts';
import { median, rounded, roundedSummary } from './measure/statistics.ts';
import { installPeers } from './peers/npm.ts';
import { ours } from './peers/ours.ts';
import type { TreeEngine } from './peers/tree.ts';
import { TURBO, turbo } from './peers/turbo.ts';
import { WIREIT, wireit } from './peers/wireit.ts';

const { values } = parseArgs({
  options: {
    stages: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '9' },
    'no-peers': { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});
const size = Number(values.stages);
const rounds = Number(values.rounds);

async function enginesIn(scratch: string): Promise<{ engines: TreeEngine[]; skipped: string | null }> {
  const mine = ours(manifest.version);
  if (values['no-peers']) return { engines: [mine], skipped: 'asked for' };
  const folder = join(scratch, 'peers');
  mkdirSync(folder);
  const installed = await installPeers(folder, [`wireit@${WIREIT}`, `turbo@${TURBO}`]);
  if ('missing' in installed) {
    say(`peers skipped: ${installed.missing}`);
    return { engines: [mine], skipped: 'npm could not install them' };
  }
  return { engines: [mine, wireit(installed.modules), turbo(installed.modules)], skipped: null };
}

await inScratch('engine-tree', values.keep, async (scratch) => {
  const { engines, skipped } = await enginesIn(scratch);
  const cold: Record<string, number> = {};
  const again: Record<string, () => Promise<Timed>> = { node: emptyNode };
  for (const engine of engines) {
    const folder = join(scratch, engine.name);
    mkdirSync(folder);
    await engine.write(folder, size);
    say(`${engine.name}: first run of ${size} stages`);
    cold[engine.name] = rounded((await engine.run(folder)).seconds);
    again[engine.name] = () => engine.run(folder);
  }
  say(`nothing to do: ${rounds} rounds`);
  // One round first that is not counted: file caches and memos are warm for all.
  await alternate(again, 1);
  const seconds = await alternate(again, rounds);
  const node = median(seconds['node'] ?? []);
  print({
    stages: size,
    unit: 'seconds',
    versions: Object.fromEntries(engines.map(({ name, version }) => [name, version])),
    peers_skipped: skipped,
    cold,
    nothing_to_do: Object.fromEntries(
      Object.entries(seconds).map(([name, all]) => [name, roundedSummary(all)]),
    ),
    times_empty_node: Object.fromEntries(
      Object.entries(seconds).map(([name, all]) => [name, rounded(median(all) / node)]),
    ),
  });
});
