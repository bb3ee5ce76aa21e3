/**
 * @file What executors cost: many small stages beside the tools that people would use instead, in the same run.
 * `--rows local,slurm,ssh --tasks 500 --rounds 3 --keep`; the row `rrhf` is asked for by name: keys and bytes of
 * pipelines/rrhf.yaml on every executor.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureLocal } from './executing/local.ts';
import { compareRrhf } from './executing/rrhf.ts';
import { measureSlurm } from './executing/slurm.ts';
import { measureSsh } from './executing/ssh.ts';
import type { Asked } from './executing/tasks.ts';
import { inScratch, print, say } from './measure/scratch.ts';

const ROWS: { readonly [name: string]: (asked: Asked) => Promise<unknown> } = {
  local: measureLocal,
  slurm: measureSlurm,
  ssh: measureSsh,
  rrhf: compareRrhf,
};

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: 'local,slurm,ssh' },
    tasks: { type: 'string', default: '500' },
    rounds: { type: 'string', default: '3' },
    keep: { type: 'boolean', default: false },
  },
});
const asked = values.rows.split(',');
const unknown = asked.filter((name) => ROWS[name] === undefined);
if (unknown.length > 0) throw new Error(`no rows ${unknown.join(', ')}`);

await inScratch('executors', values.keep, async (scratch) => {
  const results: { [row: string]: unknown } = {};
  for (const name of asked) {
    say(`${name} ...`);
    const folder = join(scratch, name);
    mkdirSync(folder);
    results[name] = await ROWS[name]?.({
      folder,
      tasks: Number(values.tasks),
      rounds: Number(values.rounds),
    });
  }
  print({ unit: 'seconds', rows: results });
});
