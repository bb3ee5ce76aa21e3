import { existsSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { digestBytes } from '../../base/digest.ts';
import type { Key } from '../../base/ids.ts';
import { actionPath, objectPath } from '../../cache/layout.ts';
import { lockText, parseWritten } from '../../engine/lock/format.ts';
import { type CallOptions, labels, type Ran, type Workshop, workshop } from '../rigs/workshop.ts';

/** `b` gives what `dice` holds, which it does not declare: as a stage that is not deterministic would. */
const YAML = `name: p
with: { word: x }
in: { data: ./data.txt }
stages:
  a: { run: "cat \${in.data} > \${out.o}", in: { data: in.data }, out: { o: file } }
  b: { run: "cat \${in.o} dice > \${out.o}", in: { o: a.o }, out: { o: file } }
  c: { run: "cat \${in.o} > \${out.o}; echo \${with.word} >> \${out.o}", in: { o: b.o }, with: { word: "\${with.word}" }, out: { o: file } }
  loose: { run: "date > \${out.o}", cache: false, out: { o: file } }
out: { c: c.o }
`;
const PLAIN: CallOptions = { threads: undefined };

function project(): Workshop {
  return workshop({ 'p.yaml': YAML, 'data.txt': '1\n', dice: '6\n' });
}

async function ready(): Promise<Workshop> {
  const w = project();
  await w.run(PLAIN);
  return w;
}

function codes(ran: Ran): string[] {
  return ran.of('warning').map(({ diagnostic }) => diagnostic.code);
}

describe('the lock file', () => {
  it('names key and outputs of every cached stage after a complete run', async () => {
    const w = await ready();
    const lock = parseWritten(w.read('p.lock.yaml'));
    const plan = await w.plan(PLAIN);
    const keys = plan.stages.filter(({ id }) => id !== 'loose').map(({ id, key }) => [id, key]);
    expect([...(lock ?? [])].map(([id, { key }]) => [id, key])).toEqual(keys);
    expect([...(lock?.values() ?? [])].map(({ out }) => out['o'])).toEqual(
      ['1\n', '1\n6\n', '1\n6\nx\n'].map((text) => ({ form: 'file', digest: digestBytes(text) })),
    );
  });

  it('keeps its time when a run gives the same, and is written again when it is gone', async () => {
    const w = await ready();
    const text = w.read('p.lock.yaml');
    utimesSync(w.path('p.lock.yaml'), 1e9, 1e9);
    await w.run(PLAIN);
    expect(statSync(w.path('p.lock.yaml')).mtimeMs).toBe(1e12);
    rmSync(w.path('p.lock.yaml'));
    await w.run(PLAIN);
    expect(w.read('p.lock.yaml')).toBe(text);
  });

  it.each<[string, CallOptions]>([
    ['with a target', { ...PLAIN, only: ['a'] }],
    ['with a parameter', { ...PLAIN, with: { word: 'y' }, overrides: { with: ['word=y'] } }],
    ['with a thread count', { threads: 2 }],
  ])('is not written by a run %s', async (_, options) => {
    const w = project();
    expect((await w.run(options)).result.outcome).toBe('done');
    expect(w.has('p.lock.yaml')).toBe(false);
  });

  it('in a folder that a stage reads does not make it run again', async () => {
    const reading = YAML.replace('{ data: ./data.txt }', '{ data: ../sub }').replace(
      'cat ${in.data}',
      'ls ${in.data}',
    );
    const w = workshop({ 'sub/p.yaml': reading.replace('cat ${in.o} dice', 'cat ${in.o}') });
    await w.run({ ...PLAIN, file: 'sub/p.yaml' });
    expect(w.has('sub/p.lock.yaml')).toBe(true);
    expect((await w.run({ ...PLAIN, file: 'sub/p.yaml' })).actions).toMatchObject({ a: 'fresh', b: 'fresh' });
  });

  it('is not written by a run that failed', async () => {
    const w = await ready();
    const text = w.read('p.lock.yaml');
    w.write('p.yaml', YAML.replace('cat ${in.o} dice', 'cat ${in.o} nothing'));
    expect((await w.run(PLAIN)).result.outcome).toBe('failed');
    expect(w.read('p.lock.yaml')).toBe(text);
  });
});

describe('what the lock file names', () => {
  /** The same key with other bytes, as another machine may make them; both results are in the cache. */
  async function twice(): Promise<{ w: Workshop; theirs: string }> {
    const w = await ready();
    const theirs = w.read('p.lock.yaml');
    w.write('dice', '3\n');
    await w.run({ ...PLAIN, force: true });
    expect(w.read('out/p/c')).toBe('1\n3\nx\n');
    return { w, theirs };
  }

  it('wins over the record of the same key while its bytes are there', async () => {
    const { w, theirs } = await twice();
    w.write('p.lock.yaml', theirs);
    const ran = await w.run(PLAIN);
    expect(ran.actions).toMatchObject({ a: 'fresh', b: 'fresh', c: 'restored' });
    expect(ran.of('stage-done').map(({ stage, from }) => [stage, from])).toContainEqual(['b', 'lock']);
    expect(w.read('out/p/c')).toBe('1\n6\nx\n');
    expect(w.read('p.lock.yaml')).toBe(theirs);
  });

  it('gives way to the record when its bytes are gone, and people are told', async () => {
    const { w, theirs } = await twice();
    w.write('p.lock.yaml', theirs);
    rmSync(objectPath(w.project.cache, digestBytes('1\n6\n'), 'file'));
    const ran = await w.run(PLAIN);
    expect(w.read('out/p/c')).toBe('1\n3\nx\n');
    expect(codes(ran)).toEqual(['lock-differs']);
    expect(w.read('p.lock.yaml')).not.toBe(theirs);
  });

  it('stands for a record that is gone, and becomes one', async () => {
    const w = await ready();
    const key = (await w.plan(PLAIN)).stages[1]?.key as Key;
    rmSync(actionPath(w.project.cache, key));
    expect(labels(await w.plan(PLAIN))).toMatchObject({ b: 'fresh', c: 'fresh' });
    const ran = await w.run(PLAIN);
    expect(ran.actions).toMatchObject({ b: 'fresh', c: 'fresh' });
    expect(existsSync(actionPath(w.project.cache, key))).toBe(true);
    rmSync(w.path('p.lock.yaml'));
    expect((await w.run(PLAIN)).actions).toMatchObject({ b: 'fresh' });
  });

  it('is nothing for a stage that is forced', async () => {
    const { w, theirs } = await twice();
    w.write('p.lock.yaml', theirs);
    w.write('dice', '5\n');
    await w.run({ ...PLAIN, force: true });
    expect(w.read('out/p/c')).toBe('1\n5\nx\n');
  });

  it.each([
    ['a digest of other bytes in the wrong form', (text: string) => text.replaceAll('o: file', 'o: tree')],
    ['an output that the stage does not have', (text: string) => text.replaceAll(' o: file', ' p: file')],
    ['bytes that are nowhere', (text: string) => text.replaceAll(/(o: file sha256:)../g, '$100')],
    ['nothing that can be read', (text: string) => text.slice(0, -30)],
  ])('is never a hit when it is %s', async (_, change) => {
    const w = await ready();
    writeFileSync(w.path('p.lock.yaml'), change(w.read('p.lock.yaml')));
    for (const { key } of (await w.plan(PLAIN)).stages) {
      if (key !== null) rmSync(actionPath(w.project.cache, key), { force: true });
    }
    const ran = await w.run(PLAIN);
    expect(ran.actions).toMatchObject({ a: 'ran', b: 'ran', c: 'ran' });
    expect(w.read('out/p/c')).toBe('1\n6\nx\n');
    expect(parseWritten(w.read('p.lock.yaml'))?.size).toBe(3);
  });
});

describe('--frozen', () => {
  const FROZEN: CallOptions = { ...PLAIN, frozen: true };
  const CACHED = YAML.replace(/ {2}loose.*\n/, '');

  async function frozen(change: (w: Workshop) => void): Promise<Ran> {
    const w = workshop({ 'p.yaml': CACHED, 'data.txt': '1\n', dice: '6\n' });
    await w.run(PLAIN);
    change(w);
    return w.run(FROZEN);
  }

  it('goes through with a lock file that names everything, and with none', async () => {
    expect((await frozen(() => {})).result.outcome).toBe('done');
    expect((await frozen((w) => rmSync(w.path('p.lock.yaml')))).result.outcome).toBe('done');
  });

  it('refuses a lock file that lacks a stage, or names another key or result', async () => {
    const change = (edit: (text: string) => string) => (w: Workshop) =>
      w.write('p.lock.yaml', edit(w.read('p.lock.yaml')));
    const zero = digestBytes('0');
    for (const [fault, edit] of [
      ['missing', () => lockText(new Map())],
      ['other-key', (text: string) => text.replaceAll(/key: \S+/g, `key: ${zero}`)],
      ['other-output', (text: string) => text.replaceAll(/file \S+/g, `file ${zero}`)],
    ] as const) {
      const { result } = await frozen(change(edit));
      expect(result.outcome).toBe('refused');
      expect(result.lock).toEqual(['a', 'b', 'c'].map((stage) => ({ stage, fault })));
    }
  });

  it('says why a lock file cannot be read', async () => {
    const ran = await frozen((w) => w.write('p.lock.yaml', 'schema: warren/lock/9\n'));
    expect(ran.result.outcome).toBe('refused');
    expect(codes(ran)).toEqual(['lock-schema']);
  });
});
