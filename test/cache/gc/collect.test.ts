import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestBytes } from '../../../base/digest.ts';
import type { Key, RunId, StageId } from '../../../base/ids.ts';
import { type ActionRecord, publishAction, readAction } from '../../../cache/actions.ts';
import type { Artifact } from '../../../cache/artifact.ts';
import { type Collected, collect, removeRecords } from '../../../cache/gc/collect.ts';
import type { GcPolicy } from '../../../cache/gc/kept.ts';
import { actionPath, objectPath } from '../../../cache/layout.ts';
import { openLease } from '../../../cache/leases.ts';
import { openLocks } from '../../../cache/locks.ts';
import { objectState, quarantine } from '../../../cache/objects.ts';
import { thisProcess } from '../../../cache/owner.ts';
import { readRecords } from '../../../cache/records.ts';
import { leaveRoot, type RunOf } from '../../../cache/roots.ts';
import { storeArtifact } from '../../../cache/store.ts';
import { firstLost } from '../../../cache/tree.ts';
import { type Cellar, cellar } from '../../rigs/cellar.ts';

const RUN: RunOf = { project: '/', pipeline: 'p', file: '/p.yaml', targets: [] };
const clock = { now: () => Date.now(), steady: () => 0 };
const keyOf = (text: string): Key => digestBytes(`key ${text}`) as string as Key;

/** Stores a text as the only output of the key that is called after it. */
async function result({ cache, file, path }: Cellar, text: string): Promise<Key> {
  file('o', text);
  const stored = await storeArtifact(cache, path('o'));
  if (!stored.ok) throw new Error(stored.error.code);
  const record: ActionRecord = {
    schema: 'warren/action/1',
    key: keyOf(text),
    fingerprint: { in: {} },
    outputs: { o: stored.value },
    kind: 'command',
    run: 'r' as RunId,
    seconds: 0,
    machine: { platform: 'any', arch: 'any', cpu: 'any' },
    notes: [],
    reports: [],
  };
  await publishAction(cache, record, false);
  return record.key;
}

function root({ cache }: Cellar, at: number, ...texts: string[]): string {
  const named = new Map(texts.map((text) => [keyOf(text), `stage ${text}` as StageId]));
  const path = leaveRoot(cache, RUN, true, named) as string;
  utimesSync(path, at, at);
  return path;
}

async function gc(c: Cellar, policy: GcPolicy = {}, dryRun = false): Promise<Collected> {
  const done = await collect(c.cache, policy, { dryRun });
  if (!done.ok) throw new Error(done.error.code);
  return done.value;
}

function has({ cache }: Cellar, text: string): { record: boolean; object: string } {
  return {
    record: readAction(cache, keyOf(text)) !== undefined,
    object: objectState(cache, digestBytes(text), 'file'),
  };
}

const WHOLE = { record: true, object: 'good' };
const GONE = { record: false, object: 'missing' };

describe('gc', () => {
  it('keeps the last runs, and of the others only what these share', async () => {
    const c = cellar();
    for (const text of ['old', 'shared', 'new']) await result(c, text);
    root(c, 1000, 'old', 'shared');
    root(c, 2000, 'new', 'shared');
    const dry = await gc(c, { keepLast: 1 }, true);
    expect(dry).toMatchObject({ kept: 2, objects: { count: 1, bytes: 3 } });
    expect(dry.results).toMatchObject([{ key: keyOf('old'), stage: 'stage old', pipeline: 'p' }]);
    expect(has(c, 'old')).toEqual(WHOLE);
    expect(await gc(c, { keepLast: 1 })).toEqual(dry);
    expect(has(c, 'old')).toEqual(GONE);
    expect([has(c, 'shared'), has(c, 'new')]).toEqual([WHOLE, WHOLE]);
    expect(readdirSync(join(c.cache, 'roots'))).toHaveLength(1);
  });

  it('without a policy takes only what is of no use to anybody', async () => {
    const c = cellar();
    await result(c, 'kept');
    await result(c, 'unnamed');
    rmSync(actionPath(c.cache, keyOf('unnamed')));
    const { pid } = spawnSync(process.execPath, ['-e', '0']);
    const objects = join(c.cache, 'objects', '00');
    mkdirSync(objects, { recursive: true });
    writeFileSync(join(objects, `.tmp-${pid}-abc-x`), 'half');
    writeFileSync(join(objects, `.tmp-${process.pid}-abc-x`), 'being written');
    writeFileSync(join(c.cache, 'actions', 'bad.json'), '');
    mkdirSync(join(c.cache, 'actions', 'ab'));
    writeFileSync(join(c.cache, 'actions', 'ab', 'bad.json'), '{');
    mkdirSync(join(c.cache, 'locks'), { recursive: true });
    writeFileSync(join(c.cache, 'locks', 'ff'), JSON.stringify({ ...thisProcess(), pid }));
    const held = openLocks(c.cache);
    held.tryLock(keyOf('kept'));
    const spoiled = await result(c, 'spoiled');
    quarantine(c.cache, digestBytes('spoiled'), 'file');
    expect(await gc(c)).toMatchObject({
      results: [],
      kept: 2,
      objects: { count: 1, bytes: 7 },
      temporary: { count: 1, bytes: 4 },
      quarantined: { count: 1, bytes: 7 },
      locks: { count: 1 },
      badRecords: { count: 1 },
    });
    expect(has(c, 'kept')).toEqual(WHOLE);
    expect(readAction(c.cache, spoiled)).toBeDefined();
    expect(readdirSync(objects)).toEqual([`.tmp-${process.pid}-abc-x`]);
    expect(openLocks(c.cache).tryLock(keyOf('kept')).held).toBe(false);
    expect(existsSync(join(c.cache, 'trash'))).toBe(false);
    held.close();
  });

  it('leaves what a running engine has named, has made or has counted on', async () => {
    const c = cellar();
    for (const text of ['named', 'idle', 'found']) await result(c, text);
    root(c, 1, 'named', 'idle', 'found');
    const settled = Date.now() / 1000 - 3600;
    const lease = openLease(c.cache, RUN);
    lease.announce([[keyOf('named'), 'a' as StageId]]);
    lease.planned();
    // Makes bytes that are there already: they are not stored again, so they must stay.
    c.file('again', 'found');
    await storeArtifact(c.cache, c.path('again'));
    c.file('made', 'made');
    await storeArtifact(c.cache, c.path('made'));
    for (const text of ['named', 'idle', 'found'])
      utimesSync(actionPath(c.cache, keyOf(text)), settled, settled);
    const done = await gc(c, { maxAge: 1000 });
    expect(done).toMatchObject({ running: 1, kept: 1 });
    expect(has(c, 'named')).toEqual(WHOLE);
    expect(has(c, 'idle').record).toBe(false);
    expect(objectState(c.cache, digestBytes('made'), 'file')).toBe('good');
    expect(objectState(c.cache, digestBytes('found'), 'file')).toBe('good');
    lease.close();
    await gc(c);
    expect(objectState(c.cache, digestBytes('made'), 'file')).toBe('missing');
  });

  it('waits for a run that makes its plan', async () => {
    const c = cellar();
    await result(c, 'x');
    root(c, 1, 'x');
    utimesSync(actionPath(c.cache, keyOf('x')), 1, 1);
    const lease = openLease(c.cache, RUN);
    const collecting = gc(c, { maxAge: 1000 });
    setTimeout(() => {
      lease.announce([[keyOf('x'), 'a' as StageId]]);
      lease.planned();
    }, 60);
    expect((await collecting).results).toEqual([]);
    expect(has(c, 'x')).toEqual(WHOLE);
    lease.close();
  });

  it('puts a record back that a run has named after it was chosen', async () => {
    const c = cellar();
    for (const text of ['chosen', 'gone']) await result(c, text);
    const chosen = readRecords(c.cache).good;
    const lease = openLease(c.cache, RUN);
    lease.announce([[keyOf('chosen'), 'a' as StageId]]);
    lease.planned();
    const gone = await removeRecords(c.cache, chosen, join(c.cache, 'trash', 'x'), clock);
    expect(gone.map(({ record }) => record.key)).toEqual([keyOf('gone')]);
    expect(has(c, 'chosen')).toEqual(WHOLE);
    lease.close();
  });

  it('counts a killed run as one that did not finish', async () => {
    const c = cellar();
    for (const text of ['done', 'later']) await result(c, text);
    root(c, 1000, 'done');
    const { pid } = spawnSync(process.execPath, ['-e', '0']);
    mkdirSync(join(c.cache, 'leases'));
    const torn = `${JSON.stringify({ ...thisProcess(), pid, ...RUN })}\n${keyOf('later').slice(7)} "b"\n${keyOf('done').slice(7)} "a`;
    writeFileSync(join(c.cache, 'leases', 'dead'), torn);
    await gc(c, { keepLast: 1 });
    expect([has(c, 'done'), has(c, 'later')]).toEqual([WHOLE, WHOLE]);
    expect(readdirSync(join(c.cache, 'leases'))).toEqual([]);
    expect(readdirSync(join(c.cache, 'roots'))).toHaveLength(2);
  });

  it('believes a run on another host for as long as its heart beats', async () => {
    const c = cellar();
    await result(c, 'x');
    utimesSync(actionPath(c.cache, keyOf('x')), 1, 1);
    mkdirSync(join(c.cache, 'leases'));
    const lease = join(c.cache, 'leases', 'far');
    const since = new Date(0).toISOString();
    const header = JSON.stringify({ ...thisProcess(), host: 'elsewhere', since, ...RUN });
    writeFileSync(lease, `${header}\n${keyOf('x').slice(7)} "a"\nplanned\n`);
    expect(await gc(c, { maxAge: 1000 })).toMatchObject({ running: 1, results: [] });
    const silent = Date.now() / 1000 - 3600;
    utimesSync(lease, silent, silent);
    expect(await gc(c, { maxAge: 1000 })).toMatchObject({ running: 0, results: [{ key: keyOf('x') }] });
  });

  it('is done by one at a time', async () => {
    const c = cellar();
    const locks = openLocks(c.cache);
    locks.tryLock('gc' as Key);
    expect(await collect(c.cache, {}, { dryRun: false })).toMatchObject({
      ok: false,
      error: { code: 'gc-running', owner: { pid: process.pid } },
    });
    locks.close();
  });

  it('is not confused by what else lies in the cache', async () => {
    const c = cellar();
    await result(c, 'x');
    for (const folder of ['leases', 'roots', 'locks', 'quarantine']) {
      mkdirSync(join(c.cache, folder), { recursive: true });
      spawnSync('mkfifo', [join(c.cache, folder, 'fifo')]);
      writeFileSync(join(c.cache, folder, 'text'), '{"pid":"x"}\nnonsense\n"');
      mkdirSync(join(c.cache, folder, 'folder'));
    }
    const long = Date.now() / 1000 - 7200;
    for (const name of ['text', 'folder', 'fifo']) utimesSync(join(c.cache, 'leases', name), long, long);
    expect(await gc(c, { keepLast: 1 })).toMatchObject({ kept: 1, quarantined: { count: 3 } });
    expect(has(c, 'x')).toEqual(WHOLE);
    expect(readFileSync(objectPath(c.cache, digestBytes('x'), 'file'), 'utf8')).toBe('x');
    expect(statSync(c.cache).isDirectory()).toBe(true);
  });

  it('that is killed at any step leaves only whole results, and the next one takes the rest', async () => {
    const c = cellar();
    const texts = Array.from({ length: 40 }, (_, i) => `text ${i}`);
    for (const text of texts) await result(c, text);
    const script = c.file(
      'gc.mts',
      `import { collect } from '${join(import.meta.dirname, '../../../cache/gc/collect.ts')}';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
let left = Number(process.argv[3]);
for (const name of ['renameSync', 'rmSync', 'linkSync'] as const) {
  const real = fs[name] as (...given: unknown[]) => unknown;
  (fs as unknown as Record<string, unknown>)[name] = (...given: unknown[]) => {
    if (left-- === 0) process.kill(process.pid, 'SIGKILL');
    return real(...given);
  };
}
syncBuiltinESMExports();
await collect(process.argv[2] as string, { maxAge: 0 }, { dryRun: false });
`,
    );
    for (const steps of [0, 1, 15, 20, 45, 60]) {
      const { signal } = spawnSync(process.execPath, ['--import', 'tsx', script, c.cache, String(steps)]);
      expect([steps, signal]).toEqual([steps, 'SIGKILL']);
      const { good } = readRecords(c.cache);
      for (const { record } of good) {
        expect(firstLost(c.cache, Object.values(record.outputs)[0] as Artifact)).toBeUndefined();
      }
    }
    await gc(c, { maxAge: 0 });
    expect([readRecords(c.cache).good, readdirSync(c.cache).includes('trash')]).toEqual([[], false]);
    expect(texts.map((text) => has(c, text).object)).toEqual(texts.map(() => 'missing'));
  });
});
