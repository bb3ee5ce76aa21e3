import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { objectPath } from '../../cache/layout.ts';
import { handToStage } from '../../cache/placement.ts';
import { probe } from '../../cache/probe.ts';
import { spoiledInput } from '../../cache/spoiled.ts';
import { storeArtifact } from '../../cache/store.ts';
import { firstLost } from '../../cache/tree.ts';
import { type Cellar, cellar } from '../rigs/cellar.ts';

/** Where memory is a device of its own, which is so on Linux. */
const MEMORY = '/dev/shm';

async function store(c: Cellar, text: string) {
  c.file('x', text, 0o755);
  const stored = await storeArtifact(c.cache, c.path('x'));
  if (!stored.ok) throw new Error(stored.error.code);
  return stored.value;
}

function elsewhere(c: Cellar): string | undefined {
  if (!existsSync(MEMORY) || statSync(MEMORY).dev === statSync(c.path('')).dev) return undefined;
  const folder = mkdtempSync(join(MEMORY, 'warren-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe('placement on another device', () => {
  it('is by read-only copies, in which a write is seen as well', async (test) => {
    const c = cellar();
    const folder = elsewhere(c);
    if (folder === undefined) return test.skip('there is no other device');
    const artifact = await store(c, 'x');
    for (const name of ['one', 'two']) {
      const handed = handToStage(c.cache, artifact, join(folder, name));
      if (!handed.ok) throw new Error('lost');
      expect(handed.value).toMatchObject([{ copied: true }]);
      expect(lstatSync(join(folder, name)).mode & 0o777).toBe(0o555);
      expect(spoiledInput(handed.value)).toBeUndefined();
      chmodSync(join(folder, name), 0o755);
      writeFileSync(join(folder, name), 'spoiled');
      expect(spoiledInput(handed.value)).toMatchObject({ sure: true });
      expect(firstLost(c.cache, artifact)).toBeUndefined();
    }
  });

  it('an output from there is copied into the cache', async (test) => {
    const c = cellar();
    const folder = elsewhere(c);
    if (folder === undefined) return test.skip('there is no other device');
    writeFileSync(join(folder, 'o'), 'o');
    const stored = await storeArtifact(c.cache, join(folder, 'o'));
    expect(stored.ok && firstLost(c.cache, stored.value)).toBeUndefined();
    expect(stored.ok).toBe(true);
  });

  it('is told by trying', (test) => {
    const c = cellar();
    mkdirSync(c.cache);
    expect(probe(c.cache, c.path('not/there/yet'))).toMatchObject({ stages: 'hard link', locks: 'links' });
    const folder = elsewhere(c);
    if (folder === undefined) return test.skip('there is no other device');
    expect(probe(folder, c.path(''))).toMatchObject({ stages: 'copy', people: 'copy', type: 'tmpfs' });
  });
});

it('an object with as many names as it can have is copied', async (test) => {
  const c = cellar();
  const artifact = await store(c, 'x');
  const object = objectPath(c.cache, artifact.digest, artifact.form);
  mkdirSync(c.path('many'));
  let full = false;
  for (let i = 0; i < 65_100 && !full; i++) {
    try {
      linkSync(object, c.path(`many/${i}`));
    } catch (error) {
      full = (error as NodeJS.ErrnoException).code === 'EMLINK';
      if (!full) throw error;
    }
  }
  if (!full) return test.skip('this file system has no such limit');
  const handed = handToStage(c.cache, artifact, c.path('in'));
  expect(handed).toMatchObject({ ok: true, value: [{ copied: true }] });
  expect(readFileSync(c.path('in'), 'utf8')).toBe('x');
  const other = await store(c, 'y');
  expect(handToStage(c.cache, other, c.path('in2'))).toMatchObject({ value: [{ copied: false }] });
  execFileSync('rm', ['-rf', c.path('many')]);
});
