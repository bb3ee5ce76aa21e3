import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestBytes } from '../../base/digest.ts';
import type { Key } from '../../base/ids.ts';
import { lockPath } from '../../cache/layout.ts';
import { openLocks } from '../../cache/locks.ts';
import { isAlive, type Owner, thisProcess } from '../../cache/owner.ts';
import { cellar } from '../rigs/cellar.ts';

const KEY = digestBytes('key') as string as Key;

function lockOf(cache: string, owner: Owner | string): void {
  mkdirSync(dirname(lockPath(cache, KEY)), { recursive: true });
  writeFileSync(lockPath(cache, KEY), typeof owner === 'string' ? owner : JSON.stringify(owner));
}

describe('locks', () => {
  it('are held by one, who is named to the others', () => {
    const { cache } = cellar();
    const [a, b] = [openLocks(cache), openLocks(cache)];
    const held = a.tryLock(KEY);
    expect(held.held).toBe(true);
    expect(b.tryLock(KEY)).toMatchObject({ held: false, owner: { pid: process.pid, host: hostname() } });
    if (held.held) held.release();
    expect(b.tryLock(KEY).held).toBe(true);
    a.close();
    b.close();
  });

  it('die with their owner', () => {
    const { cache } = cellar();
    const { pid } = spawnSync(process.execPath, ['-e', '0']);
    lockOf(cache, { ...thisProcess(), pid });
    expect(openLocks(cache).tryLock(KEY).held).toBe(true);
  });

  it('do not live on in another process with the same pid, nor through a reboot', () => {
    const { cache } = cellar();
    lockOf(cache, { ...thisProcess(), start: '1' });
    expect(openLocks(cache).tryLock(KEY).held).toBe(true);
    lockOf(cache, { ...thisProcess(), boot: 'another' });
    expect(openLocks(cache).tryLock(KEY).held).toBe(true);
  });

  it('of another host, or that cannot be read, are not broken at first sight', () => {
    const { cache } = cellar();
    lockOf(cache, { ...thisProcess(), host: 'elsewhere' });
    expect(openLocks(cache).tryLock(KEY)).toMatchObject({ held: false, owner: { host: 'elsewhere' } });
    lockOf(cache, '{"pid":');
    expect(openLocks(cache).tryLock(KEY)).toEqual({ held: false, owner: undefined });
  });

  it('that were taken over are not released by the former owner', () => {
    const { cache } = cellar();
    const held = openLocks(cache).tryLock(KEY);
    const foreign = { ...thisProcess(), host: 'elsewhere', pid: 1 };
    spawnSync('rm', [lockPath(cache, KEY)]);
    lockOf(cache, foreign);
    if (held.held) held.release();
    expect(existsSync(lockPath(cache, KEY))).toBe(true);
    expect(JSON.parse(readFileSync(lockPath(cache, KEY), 'utf8'))).toEqual(foreign);
  });

  it('an ended child that nobody has waited for is dead', async () => {
    const child = spawn(process.execPath, ['-e', '0']);
    await new Promise((resolve) => child.on('exit', resolve));
    expect(isAlive({ ...thisProcess(), pid: child.pid as number })).toBe(false);
    expect(isAlive(thisProcess())).toBe(true);
  });
});
