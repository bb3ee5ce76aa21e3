import { describe, expect, it } from 'vitest';
import type { Gpu } from '../../../engine/executors/gpus/gpu.ts';
import { leasableGpus, visibleGpus } from '../../../engine/executors/gpus/visible.ts';
import { eligibleGpus, refusal } from '../../../engine/executors/gpus/wanted.ts';

const GIB = 2 ** 30;
const whole = (index: number, name = 'NVIDIA A100', memory = 40 * GIB): Gpu => ({
  uuid: `GPU-${index}aaa`,
  index,
  name,
  memory,
});
const ALL = [whole(0), whole(1), whole(2), whole(3)];
const SLICED: Gpu[] = [
  whole(0),
  { uuid: 'MIG-1', index: 1, name: 'NVIDIA A100 MIG 3g.20gb', memory: 20e9, part: 'GPU-1aaa' },
  { uuid: 'MIG-2', index: 1, name: 'NVIDIA A100 MIG 1g.5gb', memory: 5e9, part: 'GPU-1aaa' },
];
const indices = (gpus: readonly Gpu[]): number[] => gpus.map(({ index }) => index);

describe('an outer CUDA_VISIBLE_DEVICES', () => {
  it.each([
    ['0', [0]],
    ['3,1', [1, 3]],
    [' 2 , 0 ', [0, 2]],
    ['', []],
    ['-1', []],
    ['NoDevFiles', []],
    ['0,-1,2', [0]],
    ['0,9,2', [0]],
    ['1,x,2', [1]],
    ['GPU-2aaa', [2]],
    ['GPU-2', [2]],
    ['GPU-', []],
    ['GPU-2aaa,1', [1, 2]],
    ['1,1', [1]],
    ['0x1', []],
  ])('%j leaves %j', (value, left) => {
    expect(indices(visibleGpus(ALL, value))).toEqual(left);
  });

  it('names slices by their own UUIDs, and all of a GPU by its own', () => {
    const uuids = (value: string): string[] => visibleGpus(SLICED, value).map(({ uuid }) => uuid);
    expect(uuids('MIG-2')).toEqual(['MIG-2']);
    expect(uuids('GPU-1aaa')).toEqual(['MIG-1', 'MIG-2']);
    expect(uuids('1')).toEqual(['MIG-1', 'MIG-2']);
    expect(uuids('MIG-')).toEqual([]);
  });
});

describe('what may be leased', () => {
  it('is what both the environment and the profile leave', () => {
    expect(leasableGpus(ALL, '0,1,2', ['1', 'GPU-3aaa', '7'])).toEqual({
      gpus: [ALL[1]],
      hidden: [
        'CUDA_VISIBLE_DEVICES hides 1',
        'its profile leaves out 2',
        'its profile names 7, which is not there',
      ],
    });
    expect(leasableGpus(ALL, undefined, 'all')).toEqual({ gpus: ALL, hidden: [] });
    expect(leasableGpus(ALL, undefined, 'none')).toEqual({ gpus: [], hidden: ['its profile leaves out 4'] });
  });

  it('for one GPU, a slice is one, and the smallest that will do comes first', () => {
    expect(eligibleGpus({ gpus: 1, gpuMemory: 0 }, SLICED).map(({ uuid }) => uuid)).toEqual([
      'MIG-2',
      'MIG-1',
      'GPU-0aaa',
    ]);
    expect(
      eligibleGpus({ gpus: 1, gpuMemory: 10 * GIB, gpuType: 'A100' }, SLICED).map(({ uuid }) => uuid),
    ).toEqual(['MIG-1', 'GPU-0aaa']);
  });
});

describe('a request that can never be met', () => {
  const said = (wanted: Parameters<typeof refusal>[0], gpus: readonly Gpu[], hidden: string[] = []) =>
    refusal(wanted, { gpus, hidden }, { gpus }, 'this machine')?.message;

  it.each([
    [{ gpus: 4, gpuMemory: 0 }, ALL, [], undefined],
    [
      { gpus: 4, gpuMemory: 0 },
      ALL.slice(0, 2),
      ['CUDA_VISIBLE_DEVICES hides 2'],
      'It asks for 4 GPUs, and this machine has 2 (CUDA_VISIBLE_DEVICES hides 2).',
    ],
    [{ gpus: 1, gpuMemory: 0 }, SLICED, [], undefined],
    [
      { gpus: 2, gpuMemory: 0 },
      SLICED,
      [],
      'It asks for 2 GPUs, and this machine has 1 (2 are slices, of which a process sees one).',
    ],
    [
      { gpus: 2, gpuMemory: 60 * GIB, gpuType: 'h100' },
      ALL,
      [],
      'It asks for 2 GPUs "h100" with 60 GiB each, and this machine has none (4 of another type or with less memory).',
    ],
  ])('%j', (wanted, gpus, hidden, message) => {
    expect(said(wanted, gpus, hidden)).toBe(message);
  });

  it('says why there are none', () => {
    const wanted = { gpus: 1, gpuMemory: 0 };
    const trouble = { why: 'nvidia-smi was not found', none: true, passing: false };
    expect(refusal(wanted, { gpus: [], hidden: [] }, { gpus: [], trouble }, 'gpu1')).toMatchObject({
      code: 'gpus-too-many',
      message: 'It asks for 1 GPU, and gpu1 has none (nvidia-smi was not found).',
    });
    const broken = {
      why: 'nvidia-smi failed with code 9',
      none: false,
      passing: false,
      output: 'NVIDIA-SMI has failed',
    };
    expect(refusal(wanted, { gpus: [], hidden: [] }, { gpus: [], trouble: broken }, 'gpu1')).toMatchObject({
      code: 'gpus-unknown',
      message: 'It asks for 1 GPU, and the GPUs of gpu1 are not known (nvidia-smi failed with code 9).',
      output: 'NVIDIA-SMI has failed',
    });
  });
});
