import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Lease } from '../../engine/executors/gpus/lease.ts';
import { machineClock, parseLine } from '../../engine/executors/gpus/line.ts';
import { openGpuPool } from '../../engine/executors/gpus/pool.ts';
import { selectTargets } from '../../engine/plan/targets.ts';
import { verifyStages } from '../../engine/verify/verify.ts';
import { type GpuMachine, gpuMachine } from '../rigs/nvidia-smi.ts';
import { startPuppets } from '../rigs/puppets.ts';
import { workshop } from '../rigs/workshop.ts';

/** This process runs on a machine with so many GPUs. */
function onMachine(gpus: number): GpuMachine {
  const machine = gpuMachine(gpus);
  vi.stubEnv('PATH', machine.env['PATH']);
  vi.stubEnv('WARREN_GPU_LEASES', machine.leases);
  onTestFinished(() => void vi.unstubAllEnvs());
  return machine;
}

/** Another engine takes so many. */
function takenBy(machine: GpuMachine, gpus: number): Promise<Lease> {
  const pool = openGpuPool({ env: machine.env });
  onTestFinished(() => pool.close());
  return new Promise((start) => {
    pool.join({
      wanted: { gpus, gpuMemory: 0 },
      label: 'another',
      ready: () => true,
      start,
      offered: () => {},
      waits: () => {},
    });
  });
}

const isFree = async (machine: GpuMachine, gpus: number): Promise<boolean> =>
  (await openGpuPool({ env: machine.env }).check({ gpus, gpuMemory: 0 })).fits === 'now';

/** What is not set is told apart from what is empty. */
const ENV = `'env | grep ^CUDA_ | sort > \${out.o}'`;

describe('a stage that asks for GPUs', () => {
  it('is told which are its own; any other sees none, unless it says so itself', async () => {
    const machine = onMachine(2);
    const w = workshop({
      'p.yaml': `name: p
stages:
  both: { run: ${ENV}, out: { o: file }, resources: { gpus: 2 } }
  none: { run: ${ENV}, with: { n: 1 }, out: { o: file } }
  own: { run: ${ENV}, out: { o: file }, env: { CUDA_VISIBLE_DEVICES: '1' } }
out: { both: both.o, none: none.o, own: own.o }
`,
    });
    const ran = await w.run();
    expect(ran.actions).toEqual({ both: 'ran', none: 'ran', own: 'ran' });
    expect(w.read('out/p/both')).toBe(
      `CUDA_DEVICE_ORDER=PCI_BUS_ID\nCUDA_VISIBLE_DEVICES=${machine.uuid(0)},${machine.uuid(1)}\n`,
    );
    expect(w.read('out/p/none')).toBe('CUDA_VISIBLE_DEVICES=\n');
    expect(w.read('out/p/own')).toBe('CUDA_VISIBLE_DEVICES=1\n');
    expect(ran.of('stage-placed')).toMatchObject([
      { stage: 'both', state: 'running', gpus: [machine.uuid(0), machine.uuid(1)] },
    ]);
    expect(await isFree(machine, 2)).toBe(true);
  });

  it('waits for another engine without holding anything, and says for whom', async () => {
    const machine = onMachine(1);
    const lease = await takenBy(machine, 1);
    const puppets = await startPuppets();
    onTestFinished(() => puppets.close());
    const w = workshop({
      'p.yaml': `name: p
stages:
  gpu: { run: ${puppets.run('gpu', 'out.o')}, out: { o: file }, resources: { gpus: 1, cpus: 1 } }
  cpu: { run: ${puppets.run('cpu', 'out.o')}, out: { o: file }, resources: { cpus: 1 } }
`,
    });
    let told = (): void => {};
    const waits = new Promise<void>((resolve) => {
      told = resolve;
    });
    const run = w.run({ jobs: 1, hear: ({ type }) => type === 'stage-waiting' && told() });
    await waits;
    const cpu = await puppets.next('cpu');
    await cpu.write(cpu.words[0] as string, 'x');
    cpu.exit();
    await cpu.gone;
    expect(puppets.count('gpu')).toBe(0);
    lease.release();
    const gpu = await puppets.next('gpu');
    expect(gpu.env['CUDA_VISIBLE_DEVICES']).toBe(machine.uuid(0));
    expect(await isFree(machine, 1)).toBe(false);
    await gpu.write(gpu.words[0] as string, 'x');
    gpu.exit();
    const ran = await run;
    expect(ran.actions).toEqual({ gpu: 'ran', cpu: 'ran' });
    const detail = `1 GPU; GPU 0 held by another (process ${process.pid})`;
    expect(ran.of('stage-waiting')).toMatchObject([{ stage: 'gpu', reason: 'resources', detail }]);
    expect(await isFree(machine, 1)).toBe(true);
  });

  it('leaves GPUs to others while it waits for cores, and then is passed by nobody here', async () => {
    const machine = onMachine(1);
    const puppets = await startPuppets();
    onTestFinished(() => puppets.close());
    const stage = (name: string, rest: string): string =>
      `  ${name}: { run: ${puppets.run(name, 'out.o')}, out: { o: file }, ${rest} }\n`;
    const w = workshop({
      'p.yaml': `name: p
stages:
${stage('first', 'resources: { cpus: 1 }')}${stage('early', 'resources: { cpus: 1 }')}${stage('gpu', 'resources: { gpus: 1, cpus: 2 }')}${stage('later', 'resources: { cpus: 1 }, in: { o: early.o }')}`,
    });
    const run = w.run({ jobs: 2 });
    const end = async (name: string): Promise<void> => {
      const puppet = await puppets.next(name);
      await puppet.write(puppet.words[0] as string, name);
      puppet.exit();
    };
    const first = await puppets.next('first');
    // Nobody holds it while a core is missing.
    const lease = await takenBy(machine, 1);
    lease.release();
    // From its next look on it knows that there is one for it.
    const released = machineClock();
    await vi.waitFor(
      () => {
        const { places } = parseLine(readFileSync(join(machine.leases, 'line'), 'utf8'));
        expect(places).toMatchObject([{ ready: false }]);
        expect(places[0]?.seen).toBeGreaterThan(released);
      },
      { timeout: 10_000, interval: 50 },
    );
    await end('early');
    await first.write(first.words[0] as string, 'x');
    first.exit();
    await end('gpu');
    await end('later');
    const ran = await run;
    expect(ran.of('stage-started').map(({ stage: id }) => id)).toEqual(['first', 'early', 'gpu', 'later']);
  });

  it('gives up at once when the run is stopped', async () => {
    const machine = onMachine(1);
    const lease = await takenBy(machine, 1);
    const w = workshop({
      'p.yaml': `name: p\nstages:\n  a: { run: 'echo > \${out.o}', out: { o: file }, resources: { gpus: 1 } }\n`,
    });
    const stop = new AbortController();
    const ran = await w.run({
      stop: stop.signal,
      hear: ({ type }) => type === 'stage-waiting' && stop.abort(),
    });
    expect(ran.actions).toEqual({ a: 'cancelled' });
    lease.release();
    expect(await isFree(machine, 1)).toBe(true);
  });

  it('that this machine can never have fails with the reason', async () => {
    onMachine(2);
    vi.stubEnv('CUDA_VISIBLE_DEVICES', '0');
    const w = workshop({
      'p.yaml': `name: p\nstages:\n  a: { run: 'echo > \${out.o}', out: { o: file }, resources: { gpus: 2 } }\n`,
    });
    const ran = await w.run();
    expect(ran.result.stages[0]?.failure).toMatchObject({
      code: 'gpus-too-many',
      message: 'It asks for 2 GPUs, and this machine has 1 (CUDA_VISIBLE_DEVICES hides 1).',
      hint: 'ask for fewer, or use a profile of a machine that has them',
    });
  });

  it('has its GPUs in a verification, too', async () => {
    const machine = onMachine(1);
    const w = workshop({
      'p.yaml': `name: p\nstages:\n  a: { run: ${ENV}, out: { o: file }, resources: { gpus: 1 } }\n`,
    });
    await w.run();
    const targets = selectTargets(await w.graph(), []);
    if (!targets.ok) throw new Error('no targets');
    const options = { times: 1, threads: 2, jobs: 4, tolerance: 0, targets: targets.value };
    const verified = await verifyStages(await w.graph(), w.project, options, () => {});
    expect(verified).toMatchObject([{ verdict: 'equal' }]);
    expect(await isFree(machine, 1)).toBe(true);
  });
});
