/**
 * @file What the engine must reach: every row with its limit, measured, met or missed, beside wireit and turbo where
 * they do the same work. `--rows chain,matrix --rounds 5 --no-peers --keep`
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import manifest from '../package.json' with { type: 'json' };
import { alternate, emptyNode } from './measure/command.ts';
import { opensslRate } from './measure/openssl.ts';
import { inScratch, print, say } from './measure/scratch.ts';
import { median, rounded, roundedSummary } from './measure/statistics.ts';
import { program, TURBO } from './peers/turbo.ts';
import { allToAll } from './rows/all-to-all.ts';
import { chain } from './rows/chain.ts';
import { folder } from './rows/folder.ts';
import { hashing } from './rows/hashing.ts';
import { input } from './rows/input.ts';
import { matrix } from './rows/matrix.ts';
import { output } from './rows/output.ts';
import type { Line, Row } from './rows/row.ts';
import { tree } from './rows/tree.ts';

const ROWS: readonly Row[] = [tree, matrix, chain, allToAll, input, output, folder, hashing];

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: ROWS.map(({ name }) => name).join(',') },
    rounds: { type: 'string', default: '7' },
    'no-peers': { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});
const asked = values.rows.split(',');
const unknown = asked.filter((name) => !ROWS.some((row) => row.name === name));
if (unknown.length > 0) throw new Error(`no rows ${unknown.join(', ')}`);
const peers = !values['no-peers'];
const rounds = Number(values.rounds);

await inScratch('engine', values.keep, async (scratch) => {
  await alternate({ node: emptyNode }, 2);
  const { node } = await alternate({ node: emptyNode }, 15);
  const openssl = await opensslRate();
  const lines: Line[] = [];
  for (const row of ROWS.filter(({ name }) => asked.includes(name))) {
    say(`${row.name} ...`);
    const own = join(scratch, row.name);
    mkdirSync(own);
    const measured = await row.measure({ folder: own, rounds, peers, node: median(node), openssl });
    for (const { work, seconds, met } of measured)
      say(`  ${work}: ${seconds.median} s${met === undefined ? '' : met ? ', met' : ', MISSED'}`);
    lines.push(...measured);
  }
  print({
    unit: 'seconds',
    'node -e 0': roundedSummary(node),
    'openssl sha256': openssl === undefined ? null : `${rounded(openssl / 1e6)} MB/s`,
    peers: peers
      ? {
          wireit: manifest.devDependencies.wireit,
          turbo: program() === undefined ? 'not measured: bash scripts/peers.sh installs it' : TURBO,
          snakemake: 'not measured: it is not installed here',
        }
      : 'not asked for',
    missed: lines.filter(({ met }) => met === false).map(({ work }) => work),
    rows: lines,
  });
});
