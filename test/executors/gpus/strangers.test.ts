import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { lockName } from '../../../engine/executors/gpus/folder.ts';
import type { Gpu } from '../../../engine/executors/gpus/gpu.ts';
import { hasRoom, strangersOn } from '../../../engine/executors/gpus/strangers.ts';

const GIB = 2 ** 30;
const WHOLE: Gpu = { uuid: 'GPU-0', index: 0, name: 'A100', memory: 40 * GIB };
const SLICES: Gpu[] = ['MIG-1', 'MIG-2', 'MIG-3'].map((uuid) => ({
  uuid,
  index: 1,
  name: 'A100 MIG 1g.5gb',
  memory: 5e9,
  part: 'GPU-1',
}));

describe('programs without a lease', () => {
  it('a process is named, memory that nobody owns up to is too, and a screen is neither', () => {
    const on = (bytes: number, apps = [] as { uuid: string; pid: number; name: string }[]) =>
      strangersOn([WHOLE], new Set(['GPU-0']), { used: new Map([['GPU-0', bytes]]), apps }, '/leases').get(
        'GPU-0',
      );
    expect(on(GIB)).toBeUndefined();
    expect(on(30 * GIB)).toBe('used by others (30.0 GiB)');
    expect(on(0, [{ uuid: 'GPU-0', pid: 0, name: '' }])).toBe('used by a process (process of a container)');
    expect(on(0, [{ uuid: 'GPU-0', pid: 7, name: '/opt/\u001b[2Jevil' }])).toBe(
      'used by ?[2Jevil (process 7)',
    );
    expect(on(0, [{ uuid: 'GPU-9', pid: 7, name: 'x' }])).toBeUndefined();
  });

  it('what a GPU has left must be enough, as far as that is known', () => {
    const usage = { used: new Map([['GPU-0', 15 * GIB]]), apps: [] };
    expect(hasRoom(WHOLE, 25 * GIB, usage)).toBe(true);
    expect(hasRoom(WHOLE, 26 * GIB, usage)).toBe(false);
    expect(hasRoom(WHOLE, 26 * GIB, undefined)).toBe(true);
  });

  it('a process on a GPU in MIG mode blocks its slices, unless it holds one of them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'leases-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, lockName('MIG-1'));
    writeFileSync(path, '');
    const file = openSync(path, 'r+');
    // The lease is held by a shell, and the GPU is used by what it started, which closed the file.
    const shell = spawn('sh', ['-c', 'sleep 60 3>&- & echo $!; wait'], {
      stdio: ['ignore', 'pipe', 'ignore', file],
      detached: true,
    });
    closeSync(file);
    onTestFinished(() => void process.kill(-(shell.pid as number), 'SIGKILL'));
    const pid = await new Promise<number>((resolve) =>
      shell.stdout?.once('data', (text) => resolve(Number(text))),
    );
    const usage = { used: new Map(), apps: [{ uuid: 'GPU-1', pid, name: 'sleep' }] };
    const free = new Set(['MIG-2', 'MIG-3']);
    expect(strangersOn(SLICES, free, usage, folder)).toEqual(new Map());
    const stranger = { ...usage, apps: [{ uuid: 'GPU-1', pid: process.pid, name: 'node' }] };
    const by = `used by node (process ${process.pid})`;
    expect(strangersOn(SLICES, free, stranger, folder)).toEqual(
      new Map([
        ['MIG-2', by],
        ['MIG-3', by],
      ]),
    );
  });
});
