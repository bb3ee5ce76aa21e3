/**
 * Engines die at random moments (SIGKILL, Ctrl-C, both), come back under other profiles or two at a time, while what they
 * submitted goes on: is everything adopted, nothing started twice, nothing left behind?
 *   npm run bench -- adopt [--executor local|slurm|ssh] [--seconds 120] [--strikes 12] [--within 5] [--seed 1] [--controller] [--keep]
 * A round is one pipeline: `--strikes` engines are struck, each within so many seconds of its start; then it is left in peace.
 * `--controller` kills slurmctld, too: for a cluster that nobody else uses.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { randomStream } from '../stages/runtime/random.ts';
import { EXECUTORS, placeOf } from './adopting/places.ts';
import { type Round, round } from './adopting/rounds.ts';
import { inScratch, print, say } from './measure/scratch.ts';
import { ROOT } from './measure/warren.ts';

const { values } = parseArgs({
  options: {
    executor: { type: 'string', default: 'local' },
    seconds: { type: 'string', default: '120' },
    strikes: { type: 'string', default: '12' },
    within: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    controller: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});
const executor = EXECUTORS.find((each) => each === values.executor);
if (executor === undefined) throw new Error(`--executor is one of ${EXECUTORS.join(', ')}`);
const place = placeOf(executor, values.controller);

await inScratch('adopt', values.keep, async (shared) => {
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1000;
  const rounds: Round[] = [];
  while (rounds.length === 0 || seconds() < Number(values.seconds)) {
    const at = rounds.length;
    const folder = mkdtempSync(join(place.folder, 'warren-adopt-'));
    mkdirSync(join(shared, `${at}`));
    const random = randomStream('bench/adopt', values.seed, at);
    const strikes = Number(values.strikes);
    const own = join(shared, `${at}`);
    const main = join(ROOT, 'dist/engine/cli/main.js');
    const done = await round({
      folder,
      shared: own,
      main,
      place,
      random,
      strikes,
      within: Number(values.within),
    });
    rounds.push(done);
    say(`round ${at + 1}, ${Math.round(seconds())} s: ${JSON.stringify(done)}`);
    if (values.keep || done.violations.length > 0) say(`kept: ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
  if (!values.keep) place.close();
  const sum = (of: (each: Round) => number): number => rounds.reduce((total, each) => total + of(each), 0);
  print({
    executor,
    seed: Number(values.seed),
    rounds: rounds.length,
    engines: sum(({ engines }) => engines),
    struck: added(rounds.map(({ struck }) => struck)),
    stages: sum(({ stages }) => stages),
    starts: sum(({ starts }) => starts),
    adopted: sum(({ adopted }) => adopted),
    jobs: sum(({ jobs }) => jobs),
    submitted: {
      jobs: sum(({ submissions }) => submissions?.jobs ?? 0),
      twice: sum(({ submissions }) => submissions?.twice ?? 0),
    },
    exceptions: added(rounds.map(({ exceptions }) => exceptions)),
    explained: rounds.flatMap(({ explained }) => explained),
    violations: rounds.flatMap(({ violations }, at) => violations.map((each) => `round ${at + 1}: ${each}`)),
    seconds: Math.round(seconds()),
  });
});

function added(counts: readonly { readonly [name: string]: number }[]): { [name: string]: number } {
  const total: { [name: string]: number } = {};
  for (const each of counts) {
    for (const [name, count] of Object.entries(each)) total[name] = (total[name] ?? 0) + count;
  }
  return total;
}
