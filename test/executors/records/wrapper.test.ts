/** The wrapper, in the shells that are `sh` somewhere. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { readChunks } from '../../../engine/executors/records/files.ts';
import { jobFiles, layJob } from '../../../engine/executors/records/lay.ts';
import { readRecords } from '../../../engine/executors/records/records.ts';
import { jobFolder, wrapperArgv } from '../../../engine/executors/records/wrapper.ts';
import { attempt, line, type Wishes } from '../../rigs/jobs.ts';
import { untilGone } from '../../rigs/puppets.ts';

const SHELLS = [['dash'], ['busybox', 'sh'], ['bash', '--posix']].filter(
  ([program = '']) => spawnSync(program, ['-c', ':']).error === undefined,
);

const root = mkdtempSync(join(tmpdir(), "job's $(x) "));
const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill('SIGTERM');
  rmSync(root, { recursive: true, force: true });
});

interface Started {
  readonly child: ChildProcess;
  readonly folder: string;
  readonly ended: Promise<number | null>;
  read(name: string): string;
  /** Until the command has written this. */
  says(text: string): Promise<void>;
}

function begin(
  shell: readonly string[],
  argv: [string, ...string[]],
  wishes: Wishes & { own?: { [name: string]: string }; fds?: number[]; folder?: string } = {},
): Started {
  const submission = attempt(root, argv, wishes);
  const folder = wishes.folder ?? submission.folder;
  if (wishes.folder === undefined)
    expect(layJob(submission, { grace: 1 })).toEqual({ ok: true, value: undefined });
  const [program = '', ...words] = shell;
  const fds = Array.from({ length: 7 }, () => 'ignore' as const);
  const child = spawn(program, [...words, ...wrapperArgv(folder).slice(1)], {
    stdio: ['ignore', 'ignore', 'pipe', ...fds, ...(wishes.fds ?? [])],
    env: { PATH: process.env['PATH'], ...wishes.own },
    detached: true,
  });
  children.add(child);
  const read = (name: string): string => {
    const file = join(jobFolder(folder), name);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  };
  return {
    child,
    folder,
    ended: new Promise((resolve) => child.once('close', resolve)),
    read,
    says: (text) => vi.waitFor(() => expect(read('out')).toContain(text), { timeout: 10_000, interval: 20 }),
  };
}

describe.each(SHELLS)('%s', { concurrent: true, timeout: 30_000 }, (...shell) => {
  it('records where a command runs and how it ends', async () => {
    const started = begin(shell, line('echo out; echo err >&2; echo event >&3; exit 3'), {
      own: { SLURM_JOB_ID: '7', SLURM_JOB_GPUS: '0,1', SLURMD_NODENAME: 'n1' },
    });
    expect(await started.ended).toBe(3);
    const { start, exit, started: claimed, beat, skew } = readRecords(started.folder);
    expect(exit).toMatchObject({ code: 3, signal: undefined, cause: undefined, asked: undefined });
    expect(start).toMatchObject({
      id: '7',
      gpus: ['0', '1'],
      node: 'n1',
      restarts: 0,
      pid: started.child.pid,
    });
    expect(start?.born).toMatch(/^\d+$/);
    expect(claimed).toBe(true);
    expect(beat).toBeDefined();
    expect(Math.abs(skew)).toBeLessThan(3000);
    const said = readChunks(started.folder, { stdout: 0, stderr: 0, events: 2 });
    expect([said.stdout, said.stderr, said.events].map(String)).toEqual(['out\n', 'err\n', 'ent\n']);
  });

  it('tells a signal from a code, and a missing program from both', async () => {
    const ends = [line('kill -SEGV $$'), ['/no/such'], ['no-such'], ['/etc/passwd']] as [
      string,
      ...string[],
    ][];
    const records = await Promise.all(
      ends.map(async (argv) => {
        const started = begin(shell, argv);
        await started.ended;
        return readRecords(started.folder).exit;
      }),
    );
    expect(records).toMatchObject([
      { signal: 'SIGSEGV', code: undefined, missing: undefined },
      { missing: 'ENOENT' },
      { missing: 'ENOENT' },
      { missing: 'EACCES' },
    ]);
  });

  it('keeps the time: what does not listen is killed after the grace, with its children', async () => {
    const deaf = '(trap "" TERM; exec sleep 60) & echo "child $!"';
    const started = begin(shell, line(`trap "echo asked" TERM; ${deaf}; while :; do sleep 0.1; done`), {
      resources: { time: 1 },
    });
    await started.ended;
    expect(started.read('out')).toContain('asked');
    expect(readRecords(started.folder).exit).toMatchObject({ cause: 'timeout', signal: 'SIGKILL' });
    await untilGone(Number(/child (\d+)/.exec(started.read('out'))?.[1]));
  });

  it.each(['SIGTERM', 'SIGHUP', 'SIGUSR2'] as const)(
    'hands %s on as SIGTERM and waits for the state',
    async (signal) => {
      const started = begin(
        shell,
        line('trap "sleep 0.3; echo saved; exit 5" TERM; echo ready; while :; do sleep 0.1; done'),
      );
      await started.says('ready');
      started.child.kill(signal);
      expect(await started.ended).toBe(5);
      expect(started.read('out')).toBe('ready\nsaved\n');
      expect(readRecords(started.folder).exit).toMatchObject({
        code: 5,
        asked: signal.slice(3),
        cause: undefined,
      });
    },
  );

  it('keeps a limit of its own although the scheduler warns of one before', async () => {
    const started = begin(shell, line('echo ready; sleep 60'), { resources: { time: 60 } });
    await started.says('ready');
    started.child.kill('SIGUSR2');
    started.child.kill('SIGTERM');
    await started.ended;
    expect(readRecords(started.folder).exit).toMatchObject({ signal: 'SIGTERM', asked: 'TERM' });
  });

  it('waits for what outlives its leader, and kills the rest of an end that nobody asked for', async () => {
    const saving = begin(
      shell,
      line('(trap "sleep 0.5; echo saved; exit" TERM; echo ready; while :; do sleep 0.1; done) & wait'),
    );
    await saving.says('ready');
    saving.child.kill('SIGTERM');
    await saving.ended;
    expect(saving.read('out')).toBe('ready\nsaved\n');
    const left = begin(shell, line('sleep 60 & echo "child $!"'));
    expect(await left.ended).toBe(0);
    await untilGone(Number(/child (\d+)/.exec(left.read('out'))?.[1]));
  });

  it('starts once, unless the scheduler says that it starts it again', async () => {
    const look = '[ ! -e "$(dirname "$(readlink /proc/$$/fd/2)")/exit" ] || echo ended before';
    const first = begin(shell, line(`echo again; ${look}`));
    await first.ended;
    const second = begin(shell, line(':'), { folder: first.folder });
    expect(await second.ended).toBe(76);
    expect(first.read('out')).toBe('again\n');
    // Renamed, not written to: whoever reads it meanwhile has the old one or the new one.
    const inode = (): number => statSync(join(jobFolder(first.folder), 'start')).ino;
    const before = inode();
    const third = begin(shell, line(':'), { folder: first.folder, own: { SLURM_RESTART_COUNT: '1' } });
    expect(await third.ended).toBe(0);
    expect(first.read('out')).toBe('again\nagain\n');
    expect(readRecords(first.folder).start).toMatchObject({ restarts: 1 });
    expect(inode()).not.toBe(before);
  });

  it('lets go of an open stdin when it dies, and hands leases on', async () => {
    const lease = openSync('/etc/passwd', 'r');
    const started = begin(shell, line('readlink /proc/$$/fd/10; cat; echo over'), {
      stdin: 'open',
      fds: [lease],
    });
    closeSync(lease);
    await started.says('/etc/passwd');
    expect(started.read('out')).toBe('/etc/passwd\n');
    started.child.kill('SIGKILL');
    await started.says('over');
    expect(readRecords(started.folder)).toMatchObject({ started: true, exit: undefined });
  });
});

it('refuses what no process can be given', () => {
  expect(layJob(attempt(root, ['a', 'b\0c']))).toMatchObject({ ok: false, error: { code: 'bad-command' } });
});

it('takes part of a second for a limit, and none for no limit', () => {
  const settingsOf = (time: number) => {
    const files = jobFiles(attempt(root, ['true'], { resources: { time } }));
    return files.ok ? files.value['settings'] : undefined;
  };
  expect(settingsOf(0.5)).toContain('time=1\n');
  expect(settingsOf(0)).toContain('time=0\n');
});

it('counts a broken record as none', () => {
  const submission = attempt(root, ['true']);
  expect(layJob(submission).ok).toBe(true);
  expect(readRecords(submission.folder)).toMatchObject({ started: false });
  // A claim alone: it was killed before it could say who it is.
  mkdirSync(join(jobFolder(submission.folder), 'started'));
  expect(readRecords(submission.folder)).toMatchObject({ started: true, start: undefined });
  const put = (name: string, text: string): void =>
    writeFileSync(join(jobFolder(submission.folder), name), text);
  for (const text of [
    '',
    '{"code":0',
    '[]',
    'null',
    '{"code":"0"}',
    '{"code":-1}',
    '{"code":null,"signal":"\\u001b[2J"}',
  ]) {
    put('exit', text);
    expect(readRecords(submission.folder).exit, text).toBeUndefined();
  }
  put('exit', '{"code":0,"more":{}}');
  put('start', '{"pid":1,"at":5,"host":"\\u001b[1m","gpus":3,"id":"6_0"}');
  const { exit, start } = readRecords(submission.folder);
  expect(exit).toMatchObject({ code: 0 });
  expect(start).toMatchObject({ host: undefined, gpus: [], id: '6_0' });
  expect(existsSync(join(root, 'nothing'))).toBe(false);
  expect(readRecords(join(root, 'nothing'))).toMatchObject({ started: false, exit: undefined });
});
