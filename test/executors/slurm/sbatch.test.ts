/** What sbatch is given, and what the nodes are known to have. */
import { describe, expect, it } from 'vitest';
import { clientEnvironment } from '../../../engine/executors/shell.ts';
import { awayNodes } from '../../../engine/executors/slurm/away.ts';
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
    [{ memory: 2 ** 40 }, 'it asks for 1024 GiB a node'],
    [{ nodes: 4 }, 'the partition has 3'],
    [{ gpus: 4, cpus: 64 }, undefined],
  ])('%j is too large: %s', (resources, words) => {
    const said = tooLarge({ ...NO_RESOURCES, ...resources }, gpu);
    if (words === undefined) expect(said).toBeUndefined();
    else expect(said).toContain(words);
  });

  const states = (text: string) => kindsOf(text).filter(({ partition }) => partition === 'gpu');
  const MIXED =
    'gpu*|infinite|2|8|4096|gpu:h100:4|down*|1-infinite\ngpu*|infinite|1|8|4096|gpu:h100:4|drng|1-infinite\n' +
    'gpu*|infinite|1|64|8000|gpu:a100:2|idle~|1-infinite\ncpu|infinite|9|64|8000|(null)|idle|1-infinite\n';

  it.each([
    // Those that are there would do: then it is something else that Slurm refuses.
    [{ gpus: 1 }, undefined, undefined],
    [{ cpus: 16 }, undefined, undefined],
    [{ gpus: 4 }, undefined, '3 of the 3 nodes that could take it are not available (down, drng)'],
    [{ gpus: 1 }, 'h100', '3 of the 3'],
    [{ gpus: 1, nodes: 2 }, undefined, '3 of the 4'],
    [{ gpus: 1, nodes: 4 }, undefined, '3 of the 4'],
    // All of them would not do either.
    [{ gpus: 1, nodes: 5 }, undefined, undefined],
    [{ gpus: 4, cpus: 64 }, undefined, undefined],
    [{ gpus: 5 }, undefined, undefined],
  ])('%j of type %s waits for nodes: %s', (resources, type, words) => {
    const said = awayNodes({ ...NO_RESOURCES, ...resources }, type, states(MIXED));
    if (words === undefined) expect(said).toBeUndefined();
    else expect(said).toContain(words);
  });

  it.each([
    ...['idle', 'mix', 'alloc', 'comp', 'plnd', 'idle~', 'mix#', 'alloc@', 'idle$'].map((state) => [
      state,
      false,
    ]),
    ...['down', 'down*', 'idle*', 'drain', 'drng', 'fail', 'maint', 'unk', 'teleported'].map((state) => [
      state,
      true,
    ]),
  ])('%s is away: %s', (state, away) => {
    const said = awayNodes(
      NO_RESOURCES,
      undefined,
      states(`gpu*|infinite|1|8|4096|(null)|${state}|1-infinite\n`),
    );
    expect(said !== undefined).toBe(away);
  });

  it('of which a job gets fewer than it asks for are too few', () => {
    const own = states('gpu*|infinite|4|8|4096|(null)|idle|1-2\n');
    expect(tooLarge({ ...NO_RESOURCES, nodes: 3 }, own)).toContain('the partition gives a job 2');
    expect(tooLarge({ ...NO_RESOURCES, nodes: 2 }, own)).toBeUndefined();
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
    // As 22.05 says them.
    [
      'sbatch: error: fetch_config: DNS SRV lookup failed\nsbatch: fatal: Could not establish a configuration source',
      'slurm-unconfigured',
      false,
    ],
    [
      'sbatch: error: ClusterName needs to be specified\nsbatch: fatal: Unable to process configuration file',
      'slurm-unconfigured',
      false,
    ],
    [
      'sbatch: error: Munge encode failed: Failed to access "/run/munge/munge.socket.2": No such file or directory',
      'slurm-auth',
      false,
    ],
    ['allocation failure: Invalid partition name specified', 'no-partition', false],
    ['allocation failure: Invalid qos specification', 'no-qos', false],
    [
      'allocation failure: Requested time limit is invalid (missing or exceeds some limit)',
      'time-over-limit',
      false,
    ],
    ['allocation failure: Node count specification invalid', 'node-count', false],
    ['allocation failure: Invalid generic resource (gres) specification', 'no-such-gpu', false],
    ['allocation failure: Memory required by task is not available', 'request-too-large', false],
    ['allocation failure: More processors requested than permitted', 'request-too-large', false],
    ['allocation failure: Required partition not available (inactive or drain)', 'partition-down', true],
    ['allocation failure: Requested nodes are busy', 'partition-down', true],
    ["allocation failure: User's group not permitted to use this partition", 'slurm-denied', false],
    ['allocation failure: Access/permission denied', 'slurm-denied', false],
    ['allocation failure: Requested reservation is invalid', 'no-reservation', false],
    ['allocation failure: Invalid feature specification', 'bad-flag', false],
    ['sbatch: error: "x" is not a valid node count', 'bad-flag', false],
    ["sbatch: unrecognized option '--frob'", 'bad-flag', false],
    ['sbatch: error: Invalid --begin specification', 'bad-flag', false],
    [
      "sbatch: error: AssocMaxSubmitJobLimit\nsbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
      'submit-limit',
      true,
    ],
    [
      "sbatch: error: QOSMaxWallDurationPerJobLimit\nsbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
      'over-policy',
      false,
    ],
    [
      "Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
      'submit-limit',
      true,
    ],
    ['Batch job submission failed: Slurm temporarily unable to accept job', 'slurm-away', true],
    ['something else', 'submit-refused', false],
  ])('%s is %s', (stderr, code, passing) => {
    const fault = slurmFault({ argv: ['sbatch', '-p', 'x'] }, { code: 1, stdout: '', stderr });
    expect(fault).toMatchObject({ code, passing, command: 'sbatch -p x', output: stderr });
    if (code !== 'slurm-away') expect(fault.hint).toMatch(/\w/);
  });
});
