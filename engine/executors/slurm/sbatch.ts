/** @file The words of `sbatch`, and the script that it is given: pure functions. */
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { Resources } from '../../pipeline/graph.ts';
import { quoteWord } from '../command.ts';
import type { Submission } from '../contract.ts';
import { jobFolder, wrapperArgv } from '../records/wrapper.ts';
import type { SlurmSettings } from '../settings.ts';

/** What is asked of Slurm for one job: also what `--test-only` is given. */
export function requestWords(settings: SlurmSettings, resources: Resources, gpuType?: string): string[] {
  const { cpus, gpus, nodes, memory, time } = resources;
  const words = ['--no-requeue', '--open-mode=append', `--nodes=${nodes}`, '--ntasks-per-node=1'];
  if (cpus > 0) words.push(`--cpus-per-task=${Math.ceil(cpus)}`);
  if (memory > 0) words.push(`--mem=${Math.ceil(memory / MIB)}M`);
  // Of a whole job (`--gpus`) nodes may get unequal parts.
  if (gpus > 0) words.push(`--gpus-per-node=${gpuType === undefined ? '' : `${gpuType}:`}${gpus}`);
  // The wrapper keeps the time to the second; Slurm's own limit is there for a wrapper that cannot.
  if (time > 0) words.push(`--time=${Math.ceil(time / 60)}`);
  // Time to save a state before a limit of the partition; a stage of two minutes would hear it at its start.
  if (time === 0 || time > 120) words.push('--signal=B:USR2@60');
  const { partition, account, qos, flags = [] } = settings;
  if (partition !== undefined) words.push(`--partition=${partition}`);
  if (account !== undefined) words.push(`--account=${account}`);
  if (qos !== undefined) words.push(`--qos=${qos}`);
  return [...words, ...flags];
}

const MIB = 1024 * 1024;

/** One call of `sbatch`. */
export interface Sbatch {
  /** Of the job; for several attempts that of their array. */
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  readonly script: string;
}

export function sbatchOf(
  settings: SlurmSettings,
  submissions: readonly [Submission, ...Submission[]],
  gpuType?: string,
): Sbatch {
  const [first, ...more] = submissions;
  const name = jobNameOf(submissions);
  const single = more.length === 0;
  // The attempt's folder may be gone before the last task of an array begins.
  const folder = single ? first.folder : dirname(dirname(first.folder));
  const argv: [string, ...string[]] = [
    'sbatch',
    '--parsable',
    `--job-name=${name}`,
    `--chdir=${folder}`,
    // A percent sign is a pattern there.
    `--output=${single ? join(jobFolder(folder), 'scheduler.log').replaceAll('%', '%%') : '/dev/null'}`,
    // All of what the command is given here, which is little: other ways start a login shell on the node first.
    '--export=ALL',
    ...requestWords(settings, first.resources, gpuType),
  ];
  if (single) return { name, argv, script: `#!/bin/sh\n${execWrapper(first.folder)}\n` };
  const cases = submissions.map(
    (each, at) =>
      `${at})\n  exec >>${quoteWord(join(jobFolder(each.folder), 'scheduler.log'))} 2>&1\n  ${execWrapper(each.folder)}\n  ;;`,
  );
  const script = `#!/bin/sh\ncase $SLURM_ARRAY_TASK_ID in\n${cases.join('\n')}\nesac\n`;
  return { name, argv: [...argv, `--array=0-${submissions.length - 1}`], script };
}

function execWrapper(folder: string): string {
  return `exec ${wrapperArgv(folder).map(quoteWord).join(' ')}`;
}

/** A single attempt's is its own; an array's follows from its members. */
function jobNameOf(submissions: readonly [Submission, ...Submission[]]): string {
  const [first, ...more] = submissions;
  if (more.length === 0) return first.name;
  const hash = createHash('sha256');
  for (const { name, folder } of submissions) hash.update(`${name}\0${folder}\0`);
  return `w-array-${hash.digest('hex').slice(0, 20)}`;
}

/** Attempts that one array can hold: equal requests, and equal secrets, which all of them are given. */
export function groupsOf(submissions: readonly Submission[], most: number): [Submission, ...Submission[]][] {
  const groups = new Map<string, Submission[]>();
  for (const each of submissions) {
    const { resources, secrets, launch, host } = each;
    const values = secrets.map((name) => [name, launch.env[name] ?? null]);
    const key = JSON.stringify([Object.entries(resources).sort(), values.sort(), host ?? null]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [each]);
    else group.push(each);
  }
  return [...groups.values()].flatMap((group) => {
    const parts: [Submission, ...Submission[]][] = [];
    for (let from = 0; from < group.length; from += most) {
      parts.push(group.slice(from, from + most) as [Submission, ...Submission[]]);
    }
    return parts;
  });
}

/** `12;cluster`, after whatever a site's own `sbatch` prints first. */
export function jobIdOf(stdout: string): string | undefined {
  const last = stdout.trim().split('\n').at(-1) ?? '';
  return /^(\d+)(?:;\S*)?$/.exec(last.trim())?.[1];
}
