/** The Slurm executor on a real cluster. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { jobFolder } from '../../../engine/executors/records/wrapper.ts';
import { localShell, type Shell } from '../../../engine/executors/shell.ts';
import { slurmExecutor } from '../../../engine/executors/slurm/slurm.ts';
import { attempt, line, stateOf, submitted, until } from '../../rigs/jobs.ts';
import { slurmRig } from '../../rigs/services.ts';

const { rig, missing } = slurmRig();
if (missing !== undefined) console.warn(`slurm skipped: ${missing}`);

let root = '';
const quick = { pace: { least: 100, most: 500 }, lostAfter: 1000, grace: 1 };
const settings = { executor: 'slurm', partition: 'gpu' } as const;

beforeAll(() => {
  process.env['SLURM_CONF'] = rig?.env.SLURM_CONF;
  root = mkdtempSync(join(tmpdir(), 'slurm-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function slurm(command: string, ...words: string[]): string {
  return execFileSync(command, words, { encoding: 'utf8' });
}

/** Counts calls, and may spoil their answers. */
function counting(
  spoil: (program: string, answer: Awaited<ReturnType<Shell>>) => Awaited<ReturnType<Shell>> = (_, it) => it,
) {
  const calls: string[][] = [];
  const shell: Shell = async (ask) => {
    calls.push([...ask.argv]);
    return spoil(ask.argv[0], await localShell(ask));
  };
  return { shell, count: (program: string) => calls.filter(([name]) => name === program).length };
}

describe.skipIf(missing !== undefined)('slurm', { concurrent: true, timeout: 60_000 }, () => {
  const executor = slurmExecutor(settings, quick);
  afterAll(() => executor.close());

  it('runs a command, shows where, and gives its output by offset', async () => {
    const go = join(root, 'go');
    const submission = attempt(root, line(`echo one; until [ -e ${go} ]; do sleep 0.05; done; echo two`), {
      resources: { gpus: 1 },
    });
    const handle = await submitted(executor, submission);
    // Its claim comes first, and then who it is.
    const shown = { kind: 'running', host: expect.stringMatching(/^rig/) };
    await vi.waitFor(async () => expect(await stateOf(executor, handle)).toMatchObject(shown), 20_000);
    writeFileSync(go, '');
    expect(await until(executor, handle, 'ended')).toMatchObject({ exit: { kind: 'exited', code: 0 } });
    const from = { stdout: 4, stderr: 0, events: 0 };
    expect(String((await executor.logs(handle, from))?.stdout)).toBe('two\n');
  });

  it.each([
    ['exit 3', { kind: 'exited', code: 3 }],
    ['kill -SEGV $$', { kind: 'signalled', signal: 'SIGSEGV' }],
  ])('tells how it ended: %s', async (text, exit) => {
    const handle = await submitted(executor, attempt(root, line(text)));
    expect((await until(executor, handle, 'ended')).exit).toEqual(exit);
  });

  it.skipIf(rig?.enforced !== true)('recognises that memory ran out', async () => {
    const hog = `const all = []; for (;;) all.push(Buffer.alloc(2 ** 24, 1));`;
    const submission = attempt(root, [process.execPath, '-e', hog], { resources: { memory: 128 * 2 ** 20 } });
    const handle = await submitted(executor, submission);
    expect((await until(executor, handle, 'ended')).exit).toMatchObject({ cause: 'oom' });
  });

  it('keeps the time of a stage to the second', async () => {
    const handle = await submitted(executor, attempt(root, ['sleep', '60'], { resources: { time: 1 } }));
    expect((await until(executor, handle, 'ended')).exit).toMatchObject({ cause: 'timeout' });
  });

  it('cancels what runs, after its state is saved, and again without harm', async () => {
    const submission = attempt(
      root,
      line('trap "echo saved; exit 4" TERM; echo ready; while :; do sleep 0.1; done'),
    );
    const handle = await submitted(executor, submission);
    await vi.waitFor(
      async () => {
        const said = await executor.logs(handle, { stdout: 0, stderr: 0, events: 0 });
        expect(String(said?.stdout)).toBe('ready\n');
      },
      { timeout: 20_000 },
    );
    await executor.cancel([handle], 5000);
    await executor.cancel([handle], 0);
    expect((await until(executor, handle, 'ended')).exit).toEqual({
      kind: 'exited',
      code: 4,
      cause: 'cancelled',
    });
    expect(readFileSync(join(jobFolder(submission.folder), 'out'), 'utf8')).toContain('saved');
  });

  it('leaves the end of what does not listen to the wrapper, which records it', async () => {
    const deaf = attempt(root, line('trap "" TERM; echo ready; while :; do sleep 0.1; done'));
    const handle = await submitted(executor, deaf);
    await vi.waitFor(() => expect(existsSync(join(jobFolder(deaf.folder), 'start'))).toBe(true), 20_000);
    await executor.cancel([handle], 1000);
    expect(existsSync(join(jobFolder(deaf.folder), 'exit'))).toBe(true);
    expect((await until(executor, handle, 'ended')).exit).toMatchObject({
      kind: 'signalled',
      cause: 'cancelled',
    });
  });

  it('ends at once what is given no time', async () => {
    const deaf = attempt(root, line('trap "" TERM; while :; do sleep 0.1; done'));
    const handle = await submitted(executor, deaf);
    await until(executor, handle, 'running');
    await executor.cancel([handle], 0);
    expect((await until(executor, handle, 'ended')).exit).toMatchObject({ cause: 'cancelled' });
  });

  it('cancels what waits, and what is known by name alone', async () => {
    const whole = { resources: { nodes: 2, gpus: 4, time: 600 } };
    const held = slurmExecutor({ ...settings, flags: ['--hold'] }, quick);
    const [first, second] = [attempt(root, ['true'], whole), attempt(root, ['true'], whole)];
    const handles = [await submitted(held, first), await submitted(held, second)] as const;
    expect(await until(held, handles[0], 'queued')).toMatchObject({ kind: 'queued' });
    await held.cancel([handles[0], { ...handles[1], id: '' }], 1000);
    for (const handle of handles) {
      expect((await until(held, handle, 'ended')).exit).toMatchObject({
        kind: 'vanished',
        cause: 'cancelled',
      });
    }
    held.close();
  });

  it('submits nothing twice, and finds by name and folder', async () => {
    const calls = counting();
    const own = slurmExecutor(settings, { ...quick, shell: calls.shell });
    const submission = attempt(root, ['sleep', '1']);
    const handle = await submitted(own, submission);
    expect(await submitted(own, submission)).toEqual(handle);
    expect(calls.count('sbatch')).toBe(1);
    // Another engine knows no more than name and folder, before it has begun and after it has ended.
    const other = slurmExecutor(settings, quick);
    const find = async (wanted: typeof submission) => {
      const found = await other.find([wanted]);
      return found.ok ? found.value.get(wanted.name)?.id : found.error;
    };
    expect(await find(submission)).toBe(handle.id);
    expect(await find({ ...submission, folder: join(root, 'elsewhere') })).toBeUndefined();
    await until(own, handle, 'ended');
    expect(await find(submission)).toBe(handle.id);
    own.close();
  });

  it('finds what was taken although the answer was lost', async () => {
    const answer = {
      code: 1,
      stdout: '',
      stderr: 'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation',
    };
    const calls = counting((program, given) => (program === 'sbatch' ? answer : given));
    const own = slurmExecutor(settings, { ...quick, shell: calls.shell });
    const handle = await submitted(own, attempt(root, line('exit 7')));
    expect(calls.count('sbatch')).toBe(1);
    expect((await until(own, handle, 'ended')).exit).toEqual({ kind: 'exited', code: 7 });
    own.close();
  });

  it('puts twenty into one submission, and asks about all of them at once', async () => {
    const calls = counting();
    const own = slurmExecutor(settings, { ...quick, shell: calls.shell });
    const all = Array.from({ length: 20 }, (_, at) =>
      attempt(root, line(`echo "$0 $NUMBER"; exit ${at}`), {
        env: { NUMBER: String(at) },
        resources: { memory: 2 ** 24 },
      }),
    );
    const results = await own.submit(all);
    const handles = results.flatMap((each) => (each.ok ? [each.value] : []));
    expect(handles.map(({ id }) => id.split('_')[1])).toEqual(all.map((_, at) => String(at)));
    expect(calls.count('sbatch')).toBe(1);
    const found = await slurmExecutor(settings, quick).find(all);
    expect(found.ok && [...found.value.values()].map(({ id }) => id)).toEqual(handles.map(({ id }) => id));
    await own.poll(handles);
    expect(calls.count('squeue')).toBeLessThanOrEqual(1);
    const ends = await Promise.all(handles.map((handle) => until(own, handle, 'ended')));
    expect(ends.map(({ exit }) => exit)).toEqual(all.map((_, at) => ({ kind: 'exited', code: at })));
    own.close();
  });

  it('tells preemption from failure', async () => {
    const spot = slurmExecutor({ executor: 'slurm', partition: 'spot', flags: ['--nodelist=rig2'] }, quick);
    const above = slurmExecutor({ ...settings, flags: ['--nodelist=rig2'] }, quick);
    const handle = await submitted(
      spot,
      attempt(root, ['sleep', '60'], { resources: { cpus: 8, memory: 2 ** 24 } }),
    );
    await until(spot, handle, 'running');
    const winner = await submitted(
      above,
      attempt(root, ['true'], { resources: { cpus: 8, memory: 2 ** 24 } }),
    );
    expect((await until(spot, handle, 'ended')).exit).toMatchObject({ cause: 'preempted' });
    await until(above, winner, 'ended');
    spot.close();
    above.close();
  });

  it('refuses a second start while the first goes on, and believes in the first', async () => {
    const go = join(root, 'second');
    const submission = attempt(root, line(`until [ -e ${go} ]; do sleep 0.05; done; exit 5`));
    const first = await submitted(executor, submission);
    await until(executor, first, 'running');
    // As a controller does that was killed and has forgotten that it started the job.
    const again = slurmExecutor(settings, { ...quick, lostAfter: 20_000 });
    const second = await submitted(again, submission);
    expect(second.id).not.toBe(first.id);
    slurm('scontrol', 'show', 'job', second.id);
    expect(await until(again, second, 'running')).toMatchObject({ kind: 'running' });
    writeFileSync(go, '');
    expect((await until(again, second, 'ended')).exit).toEqual({ kind: 'exited', code: 5 });
    again.close();
  });

  it('believes records of a job that Slurm has forgotten, and gives up one without any', async () => {
    const submission = attempt(root, line('exit 6'));
    const handle = await submitted(executor, submission);
    await until(executor, handle, 'ended');
    const other = slurmExecutor(settings, quick);
    const forgotten = { ...handle, id: '99999999' };
    expect(await until(other, forgotten, 'ended')).toMatchObject({ exit: { kind: 'exited', code: 6 } });
    rmSync(join(jobFolder(submission.folder), 'exit'));
    const lost = await until(other, forgotten, 'lost');
    expect(lost.evidence).toMatch(/does not know it any more; it lived on rig/);
    other.close();
  });

  it('hands secrets to the job, and to no file', async () => {
    const submission = attempt(
      root,
      line('echo "${KEY}" | tr a-z A-Z; echo "${HOME-none} ${SLURM_JOB_ID-none}"'),
      {
        env: { KEY: 's3cr3t, "\'\n$x' },
        secrets: ['KEY'],
      },
    );
    const handle = await submitted(executor, submission);
    await until(executor, handle, 'ended');
    const job = jobFolder(submission.folder);
    expect(readFileSync(join(job, 'out'), 'utf8')).toBe('S3CR3T, "\'\n$X\nnone none\n');
    for (const name of readdirSync(job, { recursive: true, withFileTypes: true })) {
      if (name.isFile())
        expect(readFileSync(join(name.parentPath, name.name), 'utf8')).not.toContain('s3cr3t');
    }
  });

  it('runs once on each of several nodes', async () => {
    const submission = attempt(root, line('echo "node $NODE_RANK at $MASTER_ADDR"'), {
      resources: { nodes: 2 },
    });
    const handle = await submitted(executor, submission);
    expect(await until(executor, handle, 'ended')).toMatchObject({ exit: { code: 0 } });
    const out = readFileSync(join(jobFolder(submission.folder), 'out'), 'utf8')
      .trim()
      .split('\n')
      .sort();
    expect(out).toEqual([expect.stringMatching(/^node 0 at \S+$/), expect.stringMatching(/^node 1 at \S+$/)]);
  });

  it.skipIf(rig?.enforced !== true)('recognises that memory ran out on one of several nodes', async () => {
    const hog = 'const all = []; for (;;) all.push(Buffer.alloc(2 ** 24, 1));';
    const text = `[ "$NODE_RANK" = 1 ] || exec sleep 60; exec '${process.execPath}' -e '${hog}'`;
    const submission = attempt(root, line(text), { resources: { nodes: 2, memory: 128 * 2 ** 20 } });
    const handle = await submitted(executor, submission);
    const { exit } = await until(executor, handle, 'ended');
    expect(exit).toMatchObject({ kind: 'exited', cause: 'oom' });
  });

  it('tells a failure on several nodes as one', async () => {
    const text = '[ "$NODE_RANK" = 1 ] || exit 0; sleep 0.5; exit 3';
    const handle = await submitted(executor, attempt(root, line(text), { resources: { nodes: 2 } }));
    expect((await until(executor, handle, 'ended')).exit).toEqual({ kind: 'exited', code: 3 });
  });

  it('says why a job that cannot see its folder left nothing', async () => {
    const submission = attempt(root, ['true']);
    const held = slurmExecutor({ ...settings, flags: ['--hold'] }, quick);
    const handle = await submitted(held, submission);
    rmSync(jobFolder(submission.folder), { recursive: true });
    mkdirSync(jobFolder(submission.folder));
    slurm('scontrol', 'release', handle.id);
    const { exit } = await until(held, handle, 'ended');
    expect(exit).toMatchObject({ kind: 'vanished', cause: 'launch-failed' });
    expect(exit).toMatchObject({ evidence: expect.stringContaining('can the job see its folder?') });
    held.close();
  });

  it.each([
    [{ gpus: 5 }, {}, 'request-too-large', 'the largest node has 4'],
    [{ cpus: 100 }, {}, 'request-too-large', 'the largest node has 8'],
    [{}, { partition: 'nowhere' }, 'no-partition', 'nowhere'],
    [{ gpus: 1, gpuType: 'b200' }, {}, 'no-such-gpu', 'h100'],
    [{}, { flags: ['--no-such-flag'] }, 'bad-flag', 'flag'],
  ])('refuses %j with %j as %s', async (resources, more, code, words) => {
    const own = slurmExecutor({ ...settings, ...more }, quick);
    const submission = attempt(root, ['true'], { resources });
    const verdict = await own.check(submission.resources);
    expect(verdict).toMatchObject({ fits: 'never', fault: { code, passing: false } });
    expect(JSON.stringify(verdict)).toContain(words);
    expect(await own.submit([submission])).toMatchObject([{ ok: false, error: { passing: false } }]);
    const modest = attempt(root, ['true'], { resources: { gpus: 1, gpuType: 'H1' } });
    expect((await executor.check(modest.resources)).fits).not.toBe('never');
  });

  it('says that Slurm has no configuration here', async () => {
    const own = slurmExecutor(settings, {
      ...quick,
      shell: (ask) => localShell({ ...ask, argv: ['env', '-u', 'SLURM_CONF', ...ask.argv] }),
    });
    expect(await own.check(attempt(root, ['true']).resources)).toMatchObject({
      fits: 'never',
      fault: { code: 'slurm-unconfigured', output: expect.stringContaining('configuration source') },
    });
  });

  it('says that there is no sbatch', async () => {
    const own = slurmExecutor(settings, {
      ...quick,
      shell: (ask) => localShell({ ...ask, env: { ...ask.env, PATH: '/nowhere' } }),
    });
    const [refused] = await own.submit([attempt(root, ['true'])]);
    expect(refused).toMatchObject({ ok: false, error: { code: 'no-slurm', passing: false } });
    expect(existsSync('/nowhere')).toBe(false);
    expect(await stateOf(own, { name: 'x', id: '1', folder: root, extra: {} })).toBeDefined();
  });
});

const up = join(import.meta.dirname, '../../../../shared/rigs/slurm-up.sh');

/** After all others, which it would take with it. */
describe.skipIf(missing !== undefined || !existsSync(up))('slurm', { timeout: 60_000 }, () => {
  it('loses a node: the attempt is told so', async () => {
    const executor = slurmExecutor(
      { executor: 'slurm', partition: 'gpu', flags: ['--nodelist=rig2'] },
      quick,
    );
    const handle = await submitted(
      executor,
      attempt(root, ['sleep', '60'], { resources: { memory: 2 ** 24 } }),
    );
    await until(executor, handle, 'running');
    const folder = rig?.folder ?? '';
    try {
      process.kill(Number(readFileSync(join(folder, 'run/slurmd-rig2.pid'), 'utf8')), 'SIGKILL');
      slurm('scontrol', 'update', 'nodename=rig2', 'state=down', 'reason=test');
      expect((await until(executor, handle, 'ended')).exit).toMatchObject({
        kind: 'vanished',
        cause: 'node-lost',
      });
    } finally {
      const back = spawnSync('bash', [up], { encoding: 'utf8' });
      expect(back.stderr).toContain('up');
      executor.close();
    }
  });
});
