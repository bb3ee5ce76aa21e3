import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestBytes } from '../../base/digest.ts';
import type { Artifact } from '../../cache/artifact.ts';
import { objectPath } from '../../cache/layout.ts';
import { objectState, verifyObject } from '../../cache/objects.ts';
import { handToStage, placeForPeople } from '../../cache/placement.ts';
import { spoiledInput } from '../../cache/spoiled.ts';
import { storeArtifact } from '../../cache/store.ts';
import { firstLost, memberOf, readTree } from '../../cache/tree.ts';
import { cacheUsage } from '../../cache/usage.ts';
import { type Cellar, cellar } from '../rigs/cellar.ts';

async function store({ cache, path }: Cellar, name: string): Promise<Artifact> {
  const stored = await storeArtifact(cache, path(name));
  if (!stored.ok) throw new Error(stored.error.code);
  return stored.value;
}

describe('files', () => {
  it('are read-only objects under their digest', async () => {
    const c = cellar();
    c.file('a', 'hello');
    const artifact = await store(c, 'a');
    expect(artifact).toEqual({ form: 'file', digest: digestBytes('hello') });
    const path = objectPath(c.cache, artifact.digest, 'file');
    expect(path).toMatch(/objects\/2c\/f24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824$/);
    expect(lstatSync(path).mode & 0o777).toBe(0o444);
  });

  it('that can be executed are other objects', async () => {
    const c = cellar();
    c.file('a', 'hello', 0o755);
    const artifact = await store(c, 'a');
    expect(artifact.form).toBe('exec');
    expect(objectState(c.cache, artifact.digest, 'file')).toBe('missing');
    expect(objectState(c.cache, artifact.digest, 'exec')).toBe('good');
  });

  it('with a second name are copied: a write through that name cannot reach the cache', async () => {
    const c = cellar();
    linkSync(c.file('mine', 'hello'), c.path('out'));
    const artifact = await store(c, 'out');
    writeFileSync(c.path('mine'), 'spoiled');
    expect(readFileSync(objectPath(c.cache, artifact.digest, 'file'), 'utf8')).toBe('hello');
  });

  it('that are links, FIFOs or absent are refused', async () => {
    const c = cellar();
    symlinkSync('/etc/hostname', c.path('link'));
    spawnSync('mkfifo', [c.path('fifo')]);
    const codes = ['link', 'fifo', 'absent'].map(async (name) => {
      const stored = await storeArtifact(c.cache, c.path(name));
      return stored.ok ? 'ok' : stored.error.code;
    });
    expect(await Promise.all(codes)).toEqual(['symlink-escapes', 'special-file', 'missing']);
  });
});

describe('a stored object', () => {
  async function stored(): Promise<{ c: Cellar; artifact: Artifact; path: string }> {
    const c = cellar();
    c.file('a', 'hello');
    const artifact = await store(c, 'a');
    return { c, artifact, path: objectPath(c.cache, artifact.digest, 'file') };
  }

  const harms: { [name: string]: (path: string, c: Cellar) => void } = {
    'one flipped bit': (path) => writeFileSync(path, 'hellp'),
    truncation: (path) => writeFileSync(path, 'hell'),
    'another file in its place': (path, c) => renameSync(c.file('b', 'olleh'), path),
    'a folder in its place': (path) => {
      renameSync(path, `${path}.gone`);
      mkdirSync(path);
    },
  };
  it.each(Object.keys(harms))('is found corrupt after %s, and moved aside', async (harm) => {
    const { c, artifact, path } = await stored();
    harms[harm]?.(path, c);
    expect(objectState(c.cache, artifact.digest, 'file')).toBe('corrupt');
    expect(verifyObject(c.cache, artifact.digest, 'file')).toBe('corrupt');
    expect(verifyObject(c.cache, artifact.digest, 'file')).toBe('missing');
    expect(readdirSync(join(c.cache, 'quarantine'))).toHaveLength(1);
  });

  it('is found corrupt when another object, as it was published, stands in its place', async () => {
    const { c, artifact, path } = await stored();
    c.file('b', 'olleh');
    const other = await store(c, 'b');
    renameSync(objectPath(c.cache, other.digest, 'file'), path);
    expect(objectState(c.cache, artifact.digest, 'file')).toBe('corrupt');
  });

  it('that only lost its times is verified by its bytes', async () => {
    const { c, artifact, path } = await stored();
    utimesSync(path, 5, 5);
    expect(verifyObject(c.cache, artifact.digest, 'file')).toBe('good');
  });

  it('that is corrupt is replaced when its bytes are stored again', async () => {
    const { c, artifact, path } = await stored();
    writeFileSync(path, 'hellp');
    c.file('again', 'hello');
    await store(c, 'again');
    expect(objectState(c.cache, artifact.digest, 'file')).toBe('good');
    expect(cacheUsage(c.cache)).toMatchObject({ objects: { count: 1, bytes: 5 }, quarantined: { count: 1 } });
  });
});

describe('folders', () => {
  it('keep empty folders, modes and inner links, and nothing depends on the order of creation', async () => {
    const c = cellar();
    for (const [root, names] of [
      ['one', ['b/x', 'a', 'b.y']],
      ['two', ['b.y', 'a', 'b/x']],
    ] as const) {
      for (const name of names) c.file(`${root}/${name}`, name, name === 'a' ? 0o755 : 0o644);
      mkdirSync(c.path(`${root}/empty`));
      symlinkSync('../a', c.path(`${root}/b/link`));
    }
    const one = await store(c, 'one');
    expect(await store(c, 'two')).toEqual(one);
    expect(readTree(c.cache, one.digest)?.map(([path, form]) => [path, form])).toEqual([
      ['a', 'exec'],
      ['b.y', 'file'],
      ['b/link', 'link'],
      ['b/x', 'file'],
      ['empty', 'dir'],
    ]);
  });

  it.each(['/etc/hostname', '../../out', '..'])('refuse the link %s', async (target) => {
    const c = cellar();
    c.file('d/e/x', '');
    symlinkSync(target, c.path(target === '..' ? 'd/up' : 'd/e/up'));
    expect(await storeArtifact(c.cache, c.path('d'))).toMatchObject({
      ok: false,
      error: { code: 'symlink-escapes' },
    });
  });

  it('refuse a FIFO inside', async () => {
    const c = cellar();
    c.file('d/x', '');
    spawnSync('mkfifo', [c.path('d/fifo')]);
    expect(await storeArtifact(c.cache, c.path('d'))).toMatchObject({
      ok: false,
      error: { code: 'special-file' },
    });
  });

  it('of a thousand files, some of them the same, come back as they were', async () => {
    const c = cellar();
    for (let i = 0; i < 1100; i++) c.file(`d/${i % 7}/${i}`, `row ${i % 900}`);
    const artifact = await store(c, 'd');
    expect(firstLost(c.cache, artifact)).toBeUndefined();
    expect(placeForPeople(c.cache, artifact, c.path('back')).ok).toBe(true);
    expect(readFileSync(c.path('back/6/1000'), 'utf8')).toBe('row 100');
    expect(await storeArtifact(c.cache, c.path('back'))).toEqual({ ok: true, value: artifact });
  });

  it('come back as they were', async () => {
    const name = fc.stringMatching(/^[a-z .é]{1,8}$/).filter((text) => text !== '.' && text !== '..');
    const tree = fc.dictionary(
      name,
      fc.oneof(fc.string(), fc.dictionary(name, fc.string(), { maxKeys: 3 })),
      { maxKeys: 4 },
    );
    await fc.assert(
      fc.asyncProperty(tree, async (members) => {
        const c = cellar();
        mkdirSync(c.path('d'));
        for (const [path, member] of Object.entries(members)) {
          if (typeof member === 'string') c.file(`d/${path}`, member);
          else {
            mkdirSync(c.path(`d/${path}`));
            for (const [inner, text] of Object.entries(member)) c.file(`d/${path}/${inner}`, text);
          }
        }
        const artifact = await store(c, 'd');
        expect(placeForPeople(c.cache, artifact, c.path('back')).ok).toBe(true);
        const again = await storeArtifact(c.cache, c.path('back'));
        expect(again).toEqual({ ok: true, value: artifact });
      }),
      { numRuns: 25 },
    );
  });

  it('are not whole without one of their members', async () => {
    const c = cellar();
    c.file('d/x', 'x');
    c.file('d/y', 'y');
    const artifact = await store(c, 'd');
    expect(firstLost(c.cache, artifact)).toBeUndefined();
    writeFileSync(objectPath(c.cache, digestBytes('y'), 'file'), 'z');
    expect(firstLost(c.cache, artifact)).toBe(digestBytes('y'));
  });

  it.each(['', 'warren/tree/1\n[]'])('are lost with their list (%j in its place)', async (text) => {
    const c = cellar();
    c.file('d/x', 'x');
    const artifact = await store(c, 'd');
    const list = objectPath(c.cache, artifact.digest, 'tree');
    chmodSync(list, 0o644);
    writeFileSync(list, text);
    expect(readTree(c.cache, artifact.digest)).toBeUndefined();
    expect(firstLost(c.cache, artifact)).toBe(artifact.digest);
  });

  it('give members digests of their own', async () => {
    const c = cellar();
    c.file('d/sub/x', 'x');
    c.file('d/y', 'y');
    c.file('alone/x', 'x');
    const artifact = await store(c, 'd');
    expect(memberOf(c.cache, artifact, 'y')).toEqual({
      ok: true,
      value: { form: 'file', digest: digestBytes('y') },
    });
    expect(memberOf(c.cache, artifact, 'sub')).toEqual({ ok: true, value: await store(c, 'alone') });
    expect(memberOf(c.cache, artifact, 'z')).toMatchObject({ ok: false, error: { code: 'missing' } });
  });
});

describe('placement', () => {
  it('hands stages links, and tells when one was written to', async () => {
    const c = cellar();
    c.file('d/x', 'x');
    c.file('d/y', 'y');
    const artifact = await store(c, 'd');
    const handed = handToStage(c.cache, artifact, c.path('in'));
    if (!handed.ok) throw new Error('lost');
    expect(lstatSync(c.path('in/x')).nlink).toBe(2);
    expect(spoiledInput(handed.value)).toBeUndefined();
    writeFileSync(c.path('in/y'), 'spoiled');
    expect(spoiledInput(handed.value)).toMatchObject({
      handed: { path: c.path('in/y') },
      sure: true,
    });
    expect(objectState(c.cache, digestBytes('y'), 'file')).toBe('missing');
  });

  it('gives people copies, and replaces all that was there', async () => {
    const c = cellar();
    c.file('d/x', 'x');
    const artifact = await store(c, 'd');
    c.file('out/stale/file', 'old');
    placeForPeople(c.cache, artifact, c.path('out'));
    expect(readdirSync(c.path('out'))).toEqual(['x']);
    writeFileSync(c.path('out/x'), 'mine now');
    expect(firstLost(c.cache, artifact)).toBeUndefined();
    expect(readdirSync(c.path('')).sort()).toEqual(['d', 'out']);
  });

  it('keeps what can be executed so, for stages and for people', async () => {
    const c = cellar();
    c.file('d/tool', 'x', 0o755);
    c.file('d/text', 'x', 0o644);
    const artifact = await store(c, 'd');
    handToStage(c.cache, artifact, c.path('in'));
    placeForPeople(c.cache, artifact, c.path('out'));
    const modes = ['in/tool', 'in/text', 'out/tool', 'out/text'].map(
      (name) => lstatSync(c.path(name)).mode & 0o777,
    );
    expect(modes).toEqual([0o555, 0o444, 0o755, 0o644]);
  });

  it('leaves what people have when an object is lost', async () => {
    const c = cellar();
    c.file('a', 'new');
    const artifact = await store(c, 'a');
    writeFileSync(objectPath(c.cache, artifact.digest, 'file'), 'bad');
    c.file('out', 'old');
    expect(placeForPeople(c.cache, artifact, c.path('out'))).toMatchObject({
      ok: false,
      error: { code: 'lost' },
    });
    expect(readFileSync(c.path('out'), 'utf8')).toBe('old');
  });
});
