import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Lease } from '../../../engine/executors/gpus/lease.ts';
import { openGpuPool } from '../../../engine/executors/gpus/pool.ts';
import type { Order, Said } from '../../rigs/gpu-engine.ts';
import { type GpuMachine, gpuMachine } from '../../rigs/nvidia-smi.ts';

interface Engine {
  readonly process: ChildProcess;
  tell(order: Order): void;
  /** The next thing it says of this name that is of this sort. */
  hears<S extends Said['said']>(said: S, name: string): Promise<Extract<Said, { said: S }>>;
}

/** A process of its own; it and its jobs are killed at the end. */
function engine(machine: GpuMachine, patience = 30_000): Engine {
  const script = join(import.meta.dirname, '../../rigs/gpu-engine.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, String(patience)], {
    env: machine.env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const heard: Said[] = [];
  let wake: () => void = () => {};
  createInterface({ input: child.stdout }).on('line', (line) => {
    heard.push(JSON.parse(line) as Said);
    wake();
  });
  child.stdin.on('error', () => {});
  onTestFinished(() => {
    child.kill('SIGKILL');
    for (const said of heard) if (said.said === 'got') killed(said.pid);
  });
  const seen = new Set<Said>();
  return {
    process: child,
    tell: (order) => void child.stdin.write(`${JSON.stringify(order)}\n`),
    hears: async <S extends Said['said']>(said: S, name: string) => {
      for (;;) {
        const found = heard.find((each) => each.said === said && each.name === name && !seen.has(each));
        if (found !== undefined) {
          seen.add(found);
          return found as Extract<Said, { said: S }>;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {}
}

/** A lease of the test's own process, as soon as there is one. */
function leased(machine: GpuMachine, gpus: number): Promise<Lease> {
  const pool = openGpuPool({ env: machine.env });
  onTestFinished(() => pool.close());
  return new Promise((resolve) => {
    pool.join({
      wanted: { gpus, gpuMemory: 0 },
      label: 'here',
      ready: () => true,
      start: resolve,
      offered: () => {},
      waits: () => {},
    });
  });
}

describe('leases across processes', () => {
  it('a job holds its GPUs when its engine was killed, and the kernel frees them when the job was', async () => {
    const machine = gpuMachine(2);
    const [one, two] = [engine(machine), engine(machine)];
    one.tell({ order: 'ask', name: 'a', gpus: 2 });
    const got = await one.hears('got', 'a');
    expect(got.uuids).toEqual([machine.uuid(0), machine.uuid(1)]);
    two.tell({ order: 'ask', name: 'b' });
    const { why } = await two.hears('waits', 'b');
    const by = `held by a (process ${one.process.pid})`;
    expect(why).toBe(`1 GPU; GPU 0, GPU 1 ${by}`);
    one.process.kill('SIGKILL');
    // It looks again, and again finds that the job lives.
    expect((await two.hears('waits', 'b')).why).toBe(why);
    killed(got.pid);
    expect((await two.hears('got', 'b')).uuids).toEqual([machine.uuid(0)]);
  });

  it('a large request holds nothing while it waits, is passed for a while, and then by nobody', async () => {
    const machine = gpuMachine(2);
    const [one, two, three] = [engine(machine), engine(machine, 0), engine(machine, 0)];
    one.tell({ order: 'ask', name: 'a' });
    await one.hears('got', 'a');
    two.tell({ order: 'ask', name: 'large', gpus: 2 });
    await two.hears('waits', 'large');
    one.tell({ order: 'ask', name: 'passes' });
    expect((await one.hears('got', 'passes')).uuids).toEqual([machine.uuid(1)]);
    three.tell({ order: 'ask', name: 'small' });
    await three.hears('waits', 'small');
    one.tell({ order: 'end', name: 'passes' });
    // One is free, and kept for the large one.
    expect((await three.hears('waits', 'small')).why).toMatch(/; 1 waited longer$/);
    one.tell({ order: 'end', name: 'a' });
    expect((await two.hears('got', 'large')).uuids).toHaveLength(2);
    two.tell({ order: 'end', name: 'large' });
    await three.hears('got', 'small');
  });

  it('one engine that wants more than there is says which of its own stages has them', async () => {
    const machine = gpuMachine(1);
    const one = engine(machine);
    one.tell({ order: 'ask', name: 'a' });
    one.tell({ order: 'ask', name: 'b' });
    await one.hears('got', 'a');
    expect((await one.hears('waits', 'b')).why).toBe(`1 GPU; GPU 0 held by a (process ${one.process.pid})`);
  });

  it('the place of an engine that was killed is nobody’s', async () => {
    const machine = gpuMachine(1);
    const [one, two, three] = [engine(machine), engine(machine, 0), engine(machine, 0)];
    one.tell({ order: 'ask', name: 'a' });
    await one.hears('got', 'a');
    two.tell({ order: 'ask', name: 'dies' });
    await two.hears('waits', 'dies');
    three.tell({ order: 'ask', name: 'b' });
    expect((await three.hears('waits', 'b')).why).toMatch(/; 1 waited longer$/);
    two.process.kill('SIGKILL');
    one.tell({ order: 'end', name: 'a' });
    await three.hears('got', 'b');
  });

  it('who could not start is offered what there is and blocks nobody; a place that is given up is free', async () => {
    const machine = gpuMachine(1);
    const [one, two] = [engine(machine, 0), engine(machine, 0)];
    one.tell({ order: 'ask', name: 'busy', ready: false });
    await one.hears('offered', 'busy');
    two.tell({ order: 'ask', name: 'b' });
    await two.hears('got', 'b');
    one.tell({ order: 'ready', name: 'busy' });
    await one.hears('waits', 'busy');
    two.tell({ order: 'ask', name: 'c' });
    expect((await two.hears('waits', 'c')).why).toMatch(/1 waited longer/);
    one.tell({ order: 'leave', name: 'busy' });
    two.tell({ order: 'end', name: 'b' });
    await two.hears('got', 'c');
  });
});

describe('leases', () => {
  it('are not given for a GPU that a program without a lease uses, and that is said', async () => {
    const machine = gpuMachine(1);
    machine.says({ apps: `${machine.uuid(0)}, 4711, /usr/bin/python3\n` });
    const one = engine(machine);
    one.tell({ order: 'ask', name: 'a' });
    expect((await one.hears('waits', 'a')).why).toBe('1 GPU; GPU 0 used by python3 (process 4711)');
    machine.says({});
    expect((await one.hears('got', 'a')).uuids).toEqual([machine.uuid(0)]);
  });

  it('go on when the line is broken or gone', async () => {
    const machine = gpuMachine(1);
    const first = await leased(machine, 1);
    const line = join(machine.leases, 'line');
    const one = engine(machine, 0);
    one.tell({ order: 'ask', name: 'a' });
    await one.hears('waits', 'a');
    writeFileSync(line, '{"next": 7, "places": [null, {"number": 1, "owner": {"pid": "x"}}, 3]} trailing');
    await one.hears('waits', 'a');
    writeFileSync(line, '\0\0');
    first.release();
    await one.hears('got', 'a');
    expect(JSON.parse(readFileSync(line, 'utf8'))).toMatchObject({ places: [] });
  });

  it('are kept in a folder for all users, with files that all may lock', async () => {
    const machine = gpuMachine(1);
    const lease = await leased(machine, 1);
    expect(statSync(machine.leases).mode & 0o7777).toBe(0o1777);
    expect(statSync(join(machine.leases, `${machine.uuid(0)}.lock`)).mode & 0o777).toBe(0o666);
    lease.release();
    lease.release();
  });

  it.each([
    ['a link in place of the folder', (m: GpuMachine) => symlinkSync(m.folder, m.leases)],
    [
      'a link in place of a lease',
      (m: GpuMachine) => {
        mkdirSync(m.leases);
        writeFileSync(join(m.folder, 'victim'), 'precious');
        symlinkSync(join(m.folder, 'victim'), join(m.leases, `${m.uuid(0)}.lock`));
      },
    ],
    [
      'a folder from which everybody may remove',
      (m: GpuMachine) => {
        mkdirSync(m.leases);
        chmodSync(m.leases, 0o777);
      },
    ],
  ])('are refused for %s, and nothing is written', async (_, spoil) => {
    const machine = gpuMachine(1);
    writeFileSync(join(machine.folder, 'victim'), 'precious');
    spoil(machine);
    const pool = openGpuPool({ env: machine.env });
    const verdict = await pool.check({ gpus: 1, gpuMemory: 0 });
    expect(verdict).toMatchObject({ fits: 'never', fault: { code: 'gpu-leases' } });
    expect(readFileSync(join(machine.folder, 'victim'), 'utf8')).toBe('precious');
  });

  it('without flock are refused with what to install', async () => {
    const machine = gpuMachine(1);
    const bin = join(machine.folder, 'bin');
    mkdirSync(bin);
    for (const name of ['dirname', 'cat']) symlinkSync(`/usr/bin/${name}`, join(bin, name));
    const env = { ...machine.env, PATH: `${machine.folder}:${bin}` };
    const verdict = await openGpuPool({ env }).check({ gpus: 1, gpuMemory: 0 });
    expect(verdict).toMatchObject({
      fault: {
        message: 'GPUs cannot be shared out: flock was not found.',
        hint: 'install util-linux, which has flock',
      },
    });
  });
});

describe('a verdict', () => {
  it('is now, later with the holders, or never with the reason', async () => {
    const machine = gpuMachine(2);
    const pool = openGpuPool({ env: { ...machine.env, CUDA_VISIBLE_DEVICES: '1' } });
    expect(await pool.check({ gpus: 0, gpuMemory: 0 })).toEqual({ fits: 'now' });
    expect(machine.calls()).toBe(0);
    expect(await pool.check({ gpus: 1, gpuMemory: 0 })).toEqual({ fits: 'now' });
    const lease = await leased(machine, 2);
    expect(await pool.check({ gpus: 1, gpuMemory: 0 })).toEqual({
      fits: 'later',
      why: `1 GPU; GPU 1 held by here (process ${process.pid})`,
    });
    lease.release();
    expect(await pool.check({ gpus: 2, gpuMemory: 0 })).toMatchObject({
      fits: 'never',
      fault: { message: 'It asks for 2 GPUs, and this machine has 1 (CUDA_VISIBLE_DEVICES hides 1).' },
    });
  });
});
