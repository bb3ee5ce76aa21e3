/** What sbatch is given, and what the nodes are known to have. */
import { describe, expect, it } from 'vitest';
import { clientEnvironment } from '../../../engine/executors/shell.ts';
import { slurmFault } from '../../../engine/executors/slurm/faults.ts';
import { kindsOf, secondsOf, tooLarge, typeOf } from '../../../engine/executors/slurm/nodes.ts';
import { groupsOf, jobIdOf, requestWords, sbatchOf } from '../../../engine/executors/slurm/sbatch.ts';
import { NO_RESOURCES } from '../../../engine/pipeline/graph.ts';
import { attempt, scratch } from '../../rigs/jobs.ts';

const settings = { executor: 'slurm', partition: 'gpu', flags: ['--comment', 'a; $(b)'] } as const;

describe('sbatch', () => {
  it('asks for what a node must have, in words that no shell reads', () => {
    const words = requestWords(
      settings,
      { ...NO_RESOURCES, cpus: 3, gpus: 2, nodes: 4, memory: 2 ** 30 + 1, time: 301 },
      'h100',
    );
    expect(words).toEqual([
      '--no-requeue',
      '--open-mode=append',
      '--nodes=4',
      '--ntasks-per-node=1',
      '--cpus-per-task=3',
      '--mem=1025M',
      '--gpus-per-node=h100:2',
      '--time=6',
      '--signal=B:USR2@60',
      '--partition=gpu',
      '--comment',
      'a; $(b)',
    ]);
    expect(requestWords({ executor: 'slurm' }, { ...NO_RESOURCES, time: 60 })).not.toContain(
      '--signal=B:USR2@60',
    );
  });

  it('makes arrays of those that ask for the same and have the same secrets', () => {
    const root = scratch();
    const of = (env: { [name: string]: string }, time = 0) =>
      attempt(root, ['a'], { env, secrets: Object.keys(env), resources: { time } });
    const all = [of({ K: '1' }), of({ K: '1' }), of({ K: '2' }), of({}, 5), of({ K: '1' })];
    expect(groupsOf(all, 2).map((group) => group.map((each) => all.indexOf(each)))).toEqual([
      [0, 1],
      [4],
      [2],
      [3],
    ]);
    const [first, second] = all as [(typeof all)[0], (typeof all)[0]];
    const array = sbatchOf(settings, [first, second]);
    expect(array.name).toMatch(/^w-array-[0-9a-f]{20}$/);
    expect(array.argv).toContain('--array=0-1');
    expect(array.script).toContain(`job'\\''s $(x) `);
    expect(sbatchOf(settings, [second, first]).name).not.toBe(array.name);
  });

  it.each([
    ['12\n', '12'],
    ['12;cluster\n', '12'],
    ['Welcome to the site.\n12\n', '12'],
    ['Submitted batch job 12', undefined],
    ['', undefined],
  ])('%j has the id %s', (text, id) => {
    expect(jobIdOf(text)).toBe(id);
  });

  it('is not given the variables of a job that the engine itself runs in', () => {
    const own = {
      PATH: '/bin',
      SLURM_CONF: '/c',
      SLURM_JOB_ID: '1',
      SBATCH_PARTITION: 'x',
      SLURM_JWT: 't',
      CUDA_VISIBLE_DEVICES: '0',
      AWS_SECRET_ACCESS_KEY: 's',
    };
    expect(clientEnvironment(own)).toEqual({ PATH: '/bin', SLURM_CONF: '/c' });
  });
});

const SINFO =
  'gpu*|infinite|2|8|4096|gpu:h100:4(S:0-1)\ngpu*|infinite|1|64|8000+|gpu:a100:2,gpu:h100:1\ncpu|1-00:00:00|9|16|1000|(null)\n';

describe('nodes', () => {
  const kinds = kindsOf(SINFO);
  const gpu = kinds.filter(({ partition }) => partition === 'gpu');

  it('are read from sinfo', () => {
    expect(
      kinds.map(({ partition, isDefault, gpus, memory }) => [partition, isDefault, gpus, memory]),
    ).toEqual([
      ['gpu', true, [{ type: 'h100', count: 4 }], 4096],
      [
        'gpu',
        true,
        [
          { type: 'a100', count: 2 },
          { type: 'h100', count: 1 },
        ],
        8000,
      ],
      ['cpu', false, [], 1000],
    ]);
    expect(['infinite', '30', '1:30', '2:00:00', '1-00:00:00'].map(secondsOf)).toEqual([
      Number.POSITIVE_INFINITY,
      1800,
      90,
      7200,
      86_400,
    ]);
  });

  it.each([
    [{ gpus: 5 }, '5 GPUs'],
    [{ cpus: 65 }, '65 cores'],
    [{ memory: 2 ** 40 }, 'MiB a node'],
    [{ nodes: 4 }, 'the partition has 3'],
    [{ gpus: 4, cpus: 64 }, undefined],
  ])('%j is too large: %s', (resources, words) => {
    const said = tooLarge({ ...NO_RESOURCES, ...resources }, gpu);
    if (words === undefined) expect(said).toBeUndefined();
    else expect(said).toContain(words);
  });

  it('tell the type of GPU to ask for: the smallest that is enough', () => {
    const memories = { a100: 40, h100: 80 };
    const ask = (gpus: number, gpuMemory: number, gpuType?: string) =>
      typeOf({ gpus, gpuMemory, gpuType }, gpu, memories);
    expect(ask(1, 0, 'A1')).toEqual({ ok: true, value: 'a100' });
    expect(ask(1, 30)).toEqual({ ok: true, value: 'a100' });
    expect(ask(1, 50)).toEqual({ ok: true, value: 'h100' });
    expect(ask(4, 30)).toEqual({ ok: true, value: 'h100' });
    expect(ask(4, 0, 'a100')).toMatchObject({ ok: false, error: { code: 'no-such-gpu' } });
    expect(ask(1, 100)).toMatchObject({
      ok: false,
      error: { hint: expect.stringContaining('lower gpu_memory') },
    });
    expect(typeOf({ gpus: 1, gpuMemory: 1 }, gpu, {})).toMatchObject({
      error: { hint: expect.stringContaining('gpu_types') },
    });
  });
});

describe('a refusal', () => {
  it.each([
    ['sbatch: error: invalid partition specified: nono', 'no-partition', false],
    ['allocation failure: Requested node configuration is not available', 'request-too-large', false],
    [
      'Batch job submission failed: Invalid account or account/partition combination specified',
      'no-account',
      false,
    ],
    ['Batch job submission failed: Socket timed out on send/recv operation', 'slurm-away', true],
    ['Unable to contact slurm controller (connect failure)', 'slurm-away', true],
    ['Batch job submission failed: QOSMaxSubmitJobPerUserLimit', 'submit-limit', true],
    ['something else', 'submit-refused', false],
  ])('%s is %s', (stderr, code, passing) => {
    const fault = slurmFault({ argv: ['sbatch', '-p', 'x'] }, { code: 1, stdout: '', stderr });
    expect(fault).toMatchObject({ code, passing, command: 'sbatch -p x', output: stderr });
  });
});
