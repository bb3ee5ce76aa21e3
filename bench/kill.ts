/**
 * Kills engines and stages of a real project at random moments (SIGKILL), with outputs of 1 byte to 200 MB.
 *   npm run bench -- kill [--rounds 300] [--seed 1] [--largest 200000000] [--keep]
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { killRounds } from './killing/rounds.ts';
import { inScratch, print, say } from './measure/scratch.ts';
import { ROOT } from './measure/warren.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    largest: { type: 'string', default: '200000000' },
    keep: { type: 'boolean', default: false },
  },
});

await inScratch('kill', values.keep, async (scratch) => {
  const began = performance.now();
  const report = await killRounds({
    folder: join(scratch, 'project'),
    main: join(ROOT, 'dist/engine/cli/main.js'),
    rounds: Number(values.rounds),
    seed: Number(values.seed),
    largest: Number(values.largest),
    say,
  });
  print({ ...report, seconds: Math.round((performance.now() - began) / 1000) });
});
