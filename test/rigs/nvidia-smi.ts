/** @file A machine with GPUs for a test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type GpuMachine, gpuMachineIn } from '../../bench/leasing/machine.ts';

export type { GpuMachine };

export function gpuMachine(gpus = 4): GpuMachine {
  const folder = mkdtempSync(join(tmpdir(), 'gpus-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return gpuMachineIn(folder, gpus);
}
