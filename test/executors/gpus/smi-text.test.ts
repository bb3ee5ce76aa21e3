import { describe, expect, it } from 'vitest';
import { knowsNoMig, parseApps, parseGpus, parseSlices } from '../../../engine/executors/gpus/smi-text.ts';

const A = 'GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77';
const B = 'GPU-8f4f8a3c-1111-2222-3333-444455556666';

describe('what nvidia-smi prints', () => {
  it.each([
    ['a data centre GPU', `0, ${A}, NVIDIA H100 80GB HBM3, 81559, 4, Disabled`, 81559, 4, false],
    ['a GPU in MIG mode', `3, ${A}, NVIDIA A100-SXM4-40GB, 40960, 25, Enabled`, 40960, 25, true],
    ['a card without MIG', `0, ${A}, NVIDIA GeForce RTX 3090, 24576, 812, [N/A]`, 24576, 812, false],
    ['an older driver', `0, ${A}, Tesla K80, 11441, 0, [Not Supported]`, 11441, 0, false],
    ['with units in spite of the question', `0, ${A}, Tesla T4, 15360 MiB, 0 MiB, N/A`, 15360, 0, false],
    ['memory shared with the CPU', `0, ${A}, NVIDIA GB10, [N/A], [N/A], [N/A]`, 0, undefined, false],
    [
      'a field that failed',
      `0, ${A}, Tesla P4, [Unknown Error], [Unknown Error], [N/A]`,
      0,
      undefined,
      false,
    ],
    [
      'no right to see it',
      `0, ${A}, A40, 46068, [Insufficient Permissions], Disabled`,
      46068,
      undefined,
      false,
    ],
    ['a name with a comma', `0, ${A}, GRID V100D-8Q, rev A, 8192, 0, [N/A]`, 8192, 0, false],
  ])('%s', (_, text, memory, used, mig) => {
    const { rows, strays } = parseGpus(`${text}\n`, true);
    expect(strays).toEqual([]);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      gpu: { uuid: A, memory: memory * 2 ** 20 },
      used: used === undefined ? undefined : used * 2 ** 20,
      mig,
    });
  });

  it('a driver that knows no MIG is asked for the rest', () => {
    expect(knowsNoMig('Field "mig.mode.current" is not a valid field to query.\n')).toBe(true);
    expect(knowsNoMig('Field "uuid" is not a valid field to query.\n')).toBe(false);
    expect(parseGpus(`0, ${A}, Tesla K80, 11441, 0\r\n`, false).rows).toEqual([
      { gpu: { uuid: A, index: 0, name: 'Tesla K80', memory: 11441 * 2 ** 20 }, used: 0, mig: false },
    ]);
  });

  it('a lost GPU is told of, and the others are there', () => {
    const lost = 'Unable to determine the device handle for GPU 0000:03:00.0: GPU is lost. Reboot the system';
    const { rows, strays } = parseGpus(
      `0, ${A}, A40, 46068, 0, Disabled\n${lost}\n1, ${B}, A40, 46068, 0, Disabled\n`,
      true,
    );
    expect(rows.map(({ gpu }) => gpu.uuid)).toEqual([A, B]);
    expect(strays).toEqual([lost]);
  });

  it('a UUID that is none is no GPU', () => {
    expect(parseGpus('0, ../../etc/passwd, A40, 46068, 0, Disabled\n', true).rows).toEqual([]);
    expect(parseGpus('0, GPU-a b, A40, 46068, 0, Disabled\n', true).rows).toEqual([]);
  });

  it('slices under their GPUs, of both kinds of names', () => {
    const text = `GPU 0: NVIDIA A100-SXM4-40GB (UUID: ${A})
  MIG 3g.20gb     Device  0: (UUID: MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f)
  MIG 1c.1g.5gb+me Device  1: (UUID: MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb40)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: ${B})
  MIG 1g.5gb Device 0: (UUID: MIG-${B}/7/0)
`;
    expect(parseSlices(text)).toEqual([
      {
        uuid: 'MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f',
        index: 0,
        name: 'NVIDIA A100-SXM4-40GB MIG 3g.20gb',
        memory: 20e9,
        part: A,
      },
      {
        uuid: 'MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb40',
        index: 0,
        name: 'NVIDIA A100-SXM4-40GB MIG 1c.1g.5gb+me',
        memory: 5e9,
        part: A,
      },
      { uuid: `MIG-${B}/7/0`, index: 1, name: 'NVIDIA A100-SXM4-40GB MIG 1g.5gb', memory: 5e9, part: B },
    ]);
  });

  it('processes, those of other containers too, and lines that are none', () => {
    const text = `${A}, 4711, python3\n${B}, [N/A], [Not Found]\nNo running processes found\n${A}, 99, /usr/bin/my tool, v2\n`;
    expect(parseApps(text)).toEqual([
      { uuid: A, pid: 4711, name: 'python3' },
      { uuid: B, pid: 0, name: '[Not Found]' },
      { uuid: A, pid: 99, name: '/usr/bin/my tool, v2' },
    ]);
  });
});
