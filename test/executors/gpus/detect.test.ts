import { describe, expect, it } from 'vitest';
import { askUsage, detectGpus } from '../../../engine/executors/gpus/detect.ts';
import { gpuMachine } from '../../rigs/nvidia-smi.ts';

const NONE = { none: true, passing: false };

describe('detecting GPUs', () => {
  it('finds those that nvidia-smi lists, with one question', async () => {
    const machine = gpuMachine(2);
    const { gpus, trouble } = await detectGpus(machine.env);
    expect(trouble).toBeUndefined();
    expect(gpus.map(({ index, uuid }) => [index, uuid])).toEqual([
      [0, machine.uuid(0)],
      [1, machine.uuid(1)],
    ]);
    expect(machine.calls()).toBe(1);
  });

  it('asks a driver that knows no MIG for the rest', async () => {
    const machine = gpuMachine(1);
    machine.says({ old: true });
    expect((await detectGpus(machine.env)).gpus).toHaveLength(1);
  });

  it('takes the slices of a GPU in MIG mode in its place', async () => {
    const machine = gpuMachine(2);
    const [a, b] = [machine.uuid(0), machine.uuid(1)];
    machine.says({
      rows: `0, ${a}, NVIDIA A100, 40960, 0, Enabled\n1, ${b}, NVIDIA A100, 40960, 0, Disabled\n`,
      list: `GPU 0: NVIDIA A100 (UUID: ${a})\n  MIG 3g.20gb     Device  0: (UUID: MIG-1)\n  MIG 3g.20gb     Device  1: (UUID: MIG-2)\nGPU 1: NVIDIA A100 (UUID: ${b})\n`,
    });
    expect((await detectGpus(machine.env)).gpus.map(({ uuid }) => uuid)).toEqual(['MIG-1', 'MIG-2', b]);
  });

  it.each([
    ['no program', { PATH: '/nonexistent' }, {}, { why: 'nvidia-smi was not found', ...NONE }],
    [
      'no devices',
      {},
      { rows: 'No devices were found\n', exit: 6 },
      { why: 'nvidia-smi found none', none: true },
    ],
    [
      'no devices and success',
      {},
      { rows: 'No devices were found\n' },
      { why: 'nvidia-smi found none', none: true },
    ],
    [
      'a driver that is broken',
      {},
      { rows: "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n", exit: 9 },
      {
        why: 'nvidia-smi failed with code 9',
        none: false,
        passing: false,
        output: "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
      },
    ],
    ['nonsense', {}, { rows: 'hello\n' }, { why: 'nvidia-smi said what could not be read', output: 'hello' }],
    ['no answer in time', {}, { slow: 60 }, { why: 'nvidia-smi did not answer in time', passing: true }],
  ])('%s', async (_, env, says, trouble) => {
    const machine = gpuMachine(1);
    machine.says(says);
    const found = await detectGpus({ ...machine.env, ...env }, 'slow' in says ? 200 : undefined);
    expect(found).toMatchObject({ gpus: [], trouble });
  });

  it('a warning about one GPU takes nothing from the others', async () => {
    const machine = gpuMachine(1);
    machine.says({ exit: 14 });
    expect(await detectGpus(machine.env)).toMatchObject({ gpus: [{ index: 0 }] });
  });

  it('what runs on them is asked apart; a driver that fails leaves it unknown', async () => {
    const machine = gpuMachine(1);
    machine.says({ apps: `${machine.uuid(0)}, 12, python3\n` });
    const usage = await askUsage(machine.env);
    expect(usage?.apps).toEqual([{ uuid: machine.uuid(0), pid: 12, name: 'python3' }]);
    expect(usage?.used.get(machine.uuid(0))).toBe(4 * 2 ** 20);
    machine.says({ rows: 'broken\n', exit: 9 });
    expect(await askUsage(machine.env)).toBeUndefined();
  });
});
