import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestBytes } from '../../base/digest.ts';
import type { Key } from '../../base/ids.ts';
import { serverClock } from '../../cache/clock.ts';
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

  describe('of another host', () => {
    const foreign = { ...thisProcess(), host: 'elsewhere' };
    /** A server whose clock is not this host's, and a process whose time the test turns. */
    function hands(server: number) {
      const clock = { server, steady: 0 };
      return { clock, of: () => ({ now: () => clock.server, steady: () => clock.steady }) };
    }
    function beatAt(cache: string, seconds: number): void {
      lockOf(cache, foreign);
      utimesSync(lockPath(cache, KEY), seconds, seconds);
    }

    it('are taken over when the heart has stopped, by the clock of the server', () => {
      const { cache } = cellar();
      const { clock, of } = hands(1_000_000);
      const locks = openLocks(cache, of);
      beatAt(cache, 980);
      expect(locks.tryLock(KEY).held).toBe(false);
      clock.steady = 4001;
      expect(locks.tryLock(KEY).held).toBe(true);
      locks.close();
    });

    it('are left alone while it beats, whatever a clock that jumps says', () => {
      const { cache } = cellar();
      const { clock, of } = hands(1_000_000);
      const locks = openLocks(cache, of);
      beatAt(cache, 1);
      expect(locks.tryLock(KEY).held).toBe(false);
      for (const seconds of [3, 5, 7]) {
        clock.steady += 4001;
        beatAt(cache, seconds);
        expect(locks.tryLock(KEY).held).toBe(false);
      }
      locks.close();
    });

    it('are taken over after a while also when the clock of the server stands still or goes back', () => {
      const { cache } = cellar();
      const { clock, of } = hands(1_000_000);
      const locks = openLocks(cache, of);
      beatAt(cache, 2000);
      expect(locks.tryLock(KEY).held).toBe(false);
      clock.steady = 14_000;
      expect(locks.tryLock(KEY).held).toBe(false);
      clock.steady = 15_001;
      expect(locks.tryLock(KEY).held).toBe(true);
      locks.close();
    });
  });

  it('a heartbeat is a write, so that the server dates it', () => {
    const { cache } = cellar();
    const locks = openLocks(cache);
    const [own] = readdirSync(join(cache, 'locks')) as [string];
    const path = join(cache, 'locks', own);
    utimesSync(path, 1, 1);
    const before = readFileSync(path, 'utf8');
    const now = serverClock(path).now();
    expect(Math.abs(now - Date.now())).toBeLessThan(60_000);
    expect(readFileSync(path, 'utf8')).toBe(before);
    locks.close();
  });

  it('where none can be made, the work is done all the same', () => {
    const { cache } = cellar();
    const locks = openLocks(cache);
    rmSync(join(cache, 'locks'), { recursive: true });
    writeFileSync(join(cache, 'locks'), 'in the way');
    expect(locks.tryLock(KEY).held).toBe(true);
  });

  it('that are no file are broken like others', () => {
    const { cache } = cellar();
    const { clock, of } = { clock: { steady: 0 }, of: () => ({ now: () => 0, steady: () => clock.steady }) };
    const locks = openLocks(cache, of);
    mkdirSync(join(lockPath(cache, KEY), 'inside'), { recursive: true });
    expect(locks.tryLock(KEY)).toEqual({ held: false, owner: undefined });
    clock.steady = 15_001;
    expect(locks.tryLock(KEY).held).toBe(true);
    locks.close();
  });
});
