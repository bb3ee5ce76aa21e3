/** What is made of Slurm's answers, and of those that do not come. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Handle } from '../../../engine/executors/contract.ts';
import { sharedFiles } from '../../../engine/executors/records/files.ts';
import { jobFolder } from '../../../engine/executors/records/wrapper.ts';
import type { Answer, Shell } from '../../../engine/executors/shell.ts';
import { cancelJobs } from '../../../engine/executors/slurm/cancel.ts';
import { type Client, slurmClient } from '../../../engine/executors/slurm/client.ts';
import { finder } from '../../../engine/executors/slurm/find.ts';
import { slurmWords } from '../../../engine/executors/slurm/question.ts';
import { slurmExecutor } from '../../../engine/executors/slurm/slurm.ts';
import { attempt, scratch } from '../../rigs/jobs.ts';

const AWAY: Answer = {
  code: 1,
  stdout: '',
  stderr: 'slurm_load_jobs error: Unable to contact slurm controller',
};
const said = (...lines: string[]): Answer => ({ code: 0, stdout: `${lines.join('\n')}\n`, stderr: '' });
const NOTHING = said();

/** Commands by name; of several answers each once, the last one for ever. */
function cluster(programs: { readonly [program: string]: Answer | readonly Answer[] }) {
  const calls: (readonly string[])[] = [];
  const shell: Shell = ({ argv }) => {
    const [program] = argv;
    const before = calls.filter(([each]) => each === program).length;
    calls.push(argv);
    const answers = [programs[program] ?? NOTHING].flat();
    return Promise.resolve(answers[Math.min(before, answers.length - 1)] as Answer);
  };
  const called = (program: string): string[] =>
    calls.filter(([each]) => each === program).map((words) => words.slice(1).join(' '));
  return { shell, client: slurmClient(shell), called };
}

const handleOf = (name: string, id: string, folder = `/a/${name}`): Handle => ({
  name,
  id,
  folder,
  extra: {},
});

describe('a job', () => {
  const wordOf = async (client: Client, id: string) =>
    (await slurmWords(client, [handleOf('w-1', id)])).get('w-1');

  it('of which nobody answers is not gone', async () => {
    const { client, called } = cluster({ squeue: AWAY });
    expect(await wordOf(client, '7')).toMatchObject({ kind: 'silent' });
    expect(called('sacct')).toEqual([]);
    const half = cluster({
      sacct: { ...AWAY, stderr: 'sacct: error: slurm_persist_conn_open: Connection refused' },
    });
    expect(await wordOf(half.client, '7')).toMatchObject({ kind: 'silent' });
  });

  it('that the controller does not show is asked of accounting, where there is one', async () => {
    const kept = cluster({ sacct: said('7|TIMEOUT|0:0|0:0|n1|w-1|/a/w-1') });
    expect(await wordOf(kept.client, '7')).toMatchObject({ kind: 'over', cause: 'timeout' });
    const none = cluster({ sacct: { code: 1, stdout: '', stderr: 'Slurm accounting storage is disabled' } });
    expect(await wordOf(none.client, '7')).toEqual({ kind: 'nobody' });
    expect(await wordOf(none.client, '7')).toEqual({ kind: 'nobody' });
    expect(none.called('sacct')).toHaveLength(1);
  });

  it('of an array that was cancelled while it waited has the word of its array', async () => {
    const { client } = cluster({ squeue: said('7|N/A|CANCELLED|None||w-array|/a') });
    expect(await wordOf(client, '7_3')).toMatchObject({ kind: 'over', cause: 'cancelled' });
  });
});

describe('an attempt of an earlier run', () => {
  it('is the job of its name and folder; of several the one that goes on, else the last', async () => {
    const [mine, twice, other] = ['w-1', 'w-2', 'w-3'].map((name) => ({ name, folder: `/a/${name}` }));
    const { client, called } = cluster({
      squeue: said(
        '5|N/A|COMPLETED|None|n1|w-1|/a/w-1',
        '6|N/A|RUNNING|None|n1|w-1|/a/w-1',
        '7|N/A|FAILED|None|n1|w-1|/a/w-1',
        '8|N/A|RUNNING|None|n1|w-3|/b/w-3',
      ),
      sacct: said('1|FAILED|1:0|0:0|n1|w-2|/a/w-2', '2|COMPLETED|0:0|0:0|n1|w-2|/a/w-2'),
    });
    const found = await finder(
      client,
      sharedFiles,
    )([mine, twice, other] as { name: string; folder: string }[]);
    expect(found.ok && [...found.value.values()].map(({ name, id }) => `${name} ${id}`)).toEqual([
      'w-1 6',
      'w-2 2',
    ]);
    // Without a time it looks at today only.
    expect(called('sacct')[0]).toMatch(/--starttime=now-\d+days/);
  });

  it('is not said to be unknown while somebody did not answer', async () => {
    const wanted = [{ name: 'w-1', folder: '/a/w-1' }];
    for (const programs of [{ squeue: AWAY }, { sacct: AWAY }]) {
      const found = await finder(cluster(programs).client, sharedFiles)(wanted);
      expect(found).toMatchObject({ ok: false, error: { passing: true } });
    }
  });
});

describe('what is to end', () => {
  it('is ended although the controller did not answer at first, and asked about until it has', async () => {
    const gone = said('7|N/A|CANCELLED|None||w-1|/a/w-1');
    const { client, called } = cluster({ squeue: [AWAY, said('7|N/A|RUNNING|None|n1|w-1|/a/w-1'), gone] });
    await cancelJobs(client, sharedFiles, [handleOf('w-1', '7')], 0);
    expect(called('scancel')).toEqual(['--state=PENDING 7', '--signal=KILL --full 7', '7']);
    expect(called('squeue').length).toBeGreaterThan(2);
  });

  it('has time after its grace in which its wrapper ends it and records that, before Slurm does', async () => {
    const runs = said('7|N/A|RUNNING|None|n1|w-1|/a/w-1');
    const { client, called } = cluster({ squeue: [runs, runs, NOTHING] });
    await cancelJobs(client, sharedFiles, [handleOf('w-1', '7')], 1);
    expect(called('scancel')).toEqual(['--state=PENDING 7', '--signal=TERM --batch 7']);
  });

  it('and is known by name alone is no job of that name elsewhere', async () => {
    const { client, called } = cluster({
      squeue: [said('7|N/A|PENDING|None||w-1|/b/w-1', '8|N/A|PENDING|None||w-1|/a/w-1'), NOTHING],
    });
    await cancelJobs(client, sharedFiles, [handleOf('w-1', '')], 0);
    expect(called('scancel')[0]).toBe('--state=PENDING 8');
    expect(called('scancel').join()).not.toContain('7');
  });
});

describe('an array', () => {
  it('goes without an attempt whose files cannot be written', async () => {
    const root = scratch();
    const jobs = [attempt(root, ['true']), attempt(root, ['true']), attempt(root, ['true'])];
    const bad = jobs[1]?.folder ?? '';
    mkdirSync(dirname(bad), { recursive: true });
    writeFileSync(jobFolder(bad), 'no folder');
    const { shell, called } = cluster({
      sbatch: [said('11'), said('12')],
      scontrol: said('MaxArraySize = 1001'),
    });
    const executor = slurmExecutor({ executor: 'slurm' }, { shell });
    const [first, second, third] = await executor.submit(jobs);
    expect(first).toMatchObject({ ok: true, value: { id: '11' } });
    expect(second).toMatchObject({ ok: false, error: { code: 'cannot-write' } });
    expect(third).toMatchObject({ ok: true, value: { id: '12' } });
    expect(called('sbatch').join()).not.toContain('--array');
    expect(called('sbatch').join()).not.toContain(join(bad, 'job'));
    executor.close();
  });
});

it('a site without a default partition chooses one by the request: nothing is refused for having none', async () => {
  const root = scratch();
  const { shell, called } = cluster({
    sinfo: said('big|infinite|2|64|512000|gpu:h100:4', 'small|1:00:00|8|16|64000|(null)'),
    sbatch: said('11'),
  });
  const executor = slurmExecutor({ executor: 'slurm' }, { shell });
  const ask = (gpus: number) =>
    executor.submit([attempt(root, ['true'], { resources: { gpus, gpuType: 'H100' } })]);
  expect(await ask(4)).toMatchObject([{ ok: true, value: { id: '11' } }]);
  expect(called('sbatch')[0]).toContain('--gpus-per-node=h100:4');
  expect(await ask(5)).toMatchObject([{ ok: false, error: { code: 'no-such-gpu' } }]);
  executor.close();
});

it('what was told to end by us, and has, needs no word of a controller that is away', async () => {
  const { name, folder } = attempt(scratch(), ['true']);
  mkdirSync(join(jobFolder(folder), 'started'), { recursive: true });
  writeFileSync(join(jobFolder(folder), 'exit'), '{"code":null,"signal":"SIGTERM","asked":"TERM"}');
  const executor = slurmExecutor(
    { executor: 'slurm' },
    { shell: cluster({ squeue: AWAY, sacct: AWAY }).shell },
  );
  const handle = handleOf(name, '7', folder);
  await executor.cancel([handle], 1000);
  expect((await executor.poll([handle])).get(name)).toMatchObject({
    kind: 'ended',
    exit: { cause: 'cancelled' },
  });
  executor.close();
});
