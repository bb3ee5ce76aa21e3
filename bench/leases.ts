/**
 * Engines of one machine contend for its GPUs while they and their jobs are killed (SIGKILL).
 *   npm run bench -- leases [--seconds 60] [--engines 8] [--gpus 4] [--seed 1] [--keep]
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { contend } from './leasing/contend.ts';
import { inScratch, print, say } from './measure/scratch.ts';
import { ROOT } from './measure/warren.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    engines: { type: 'string', default: '8' },
    gpus: { type: 'string', default: '4' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'boolean', default: false },
  },
});

await inScratch('leases', values.keep, async (folder) => {
  const report = await contend({
    folder,
    main: join(ROOT, 'dist/engine/cli/main.js'),
    seconds: Number(values.seconds),
    engines: Number(values.engines),
    gpus: Number(values.gpus),
    seed: Number(values.seed),
    say,
  });
  print(report);
});
