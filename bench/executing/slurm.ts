/** @file Stages of a Slurm cluster: how many calls of its commands they cost, and their time beside one plain array. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { slurmRig } from '../../test/rigs/services.ts';
import { timed } from '../measure/command.ts';
import { median, rounded, roundedSummary } from '../measure/statistics.ts';
import { shims } from './shims.ts';
import { type Asked, PUBLISH, peer, projectOf, publishScript } from './tasks.ts';

const COMMANDS = ['sbatch', 'squeue', 'sacct', 'scontrol', 'sinfo', 'scancel'];
const MOST_SUBMISSIONS = 20;

export async function measureSlurm({ folder, tasks, rounds }: Asked): Promise<unknown> {
  const { rig, missing } = slurmRig();
  if (rig === undefined) return { 'not measured': missing };
  const calls = shims(join(folder, 'bin'), COMMANDS);
  const env = { ...rig.env, ...calls.env };
  const profile = { executor: 'slurm', partition: 'gpu' };
  const project = projectOf(join(folder, 'warren'), tasks, { profile, env });
  const beside = join(folder, 'array');
  const script = publishScript(beside);
  const batch = join(beside, 'array.sh');
  writeFileSync(batch, `#!/bin/sh\nexec ${script} "$SLURM_ARRAY_TASK_ID"\n`);
  // `sbatch --wait` looks more and more rarely: the last record tells the end sooner.
  const submit = `sbatch -Q -p gpu -o /dev/null --array=0-${tasks - 1} ${batch}`;
  const wait = `until [ "$(ls made/records 2>/dev/null | grep -c json)" = ${tasks} ]; do sleep 0.1; done`;
  Object.assign(process.env, rig.env);

  const seconds = { warren: [] as number[], array: [] as number[] };
  const counted: { readonly [command: string]: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    calls.take();
    seconds.warren.push((await project.run()).seconds);
    counted.push(countsOf(calls.take()));
    seconds.array.push((await peer(beside, tasks, ['sh', '-c', `${submit} && ${wait}`])).seconds);
  }
  const submissions = Math.max(...counted.map(({ sbatch = 0 }) => sbatch));
  return {
    work: `${tasks} command stages of 10 ms, cold, on ${await nodes()}`,
    warren: roundedSummary(seconds.warren),
    'sbatch --array, one': roundedSummary(seconds.array),
    'what each task of the array runs': PUBLISH,
    times: rounded(median(seconds.warren) / median(seconds.array)),
    calls: counted,
    'submissions, at most': MOST_SUBMISSIONS,
    met: submissions <= MOST_SUBMISSIONS,
  };
}

/** `sbatch --test-only` submits nothing; of `squeue`, how many came within one second of each other at most. */
function countsOf(calls: ReturnType<ReturnType<typeof shims>['take']>): {
  readonly [command: string]: number;
} {
  const counts: { [command: string]: number } = {};
  for (const { words } of calls) {
    const [name = ''] = words;
    const what = words.includes('--test-only') ? `${name} --test-only` : name;
    counts[what] = (counts[what] ?? 0) + 1;
  }
  const polls = calls.filter(({ words }) => words[0] === 'squeue').map(({ at }) => at);
  const within = polls.map((at) => polls.filter((other) => other >= at && other < at + 1).length);
  return { ...counts, 'squeue within a second': Math.max(0, ...within) };
}

async function nodes(): Promise<string> {
  const { stdout } = await timed(['sinfo', '-h', '-p', 'gpu', '-o', '%D nodes of %c cores']);
  return stdout.trim();
}
