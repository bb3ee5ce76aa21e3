import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { digestBytes } from '../../base/digest.ts';
import { objectPath } from '../../cache/layout.ts';
import type { RemotePlace } from '../../cache/remotes/remote.ts';
import { type CallOptions, type Ran, type Workshop, workshop } from '../rigs/workshop.ts';

/** `b` adds what `dice` holds, which it does not declare: as a stage that is not deterministic would. */
const YAML = `name: p
with: { word: x }
stages:
  a: { run: "echo a > \${out.o}", out: { o: file } }
  b: { run: "mkdir \${out.d}/sub; cat \${in.o} dice > \${out.d}/sub/f; cp \${in.o} \${out.d}/g", in: { o: a.o }, out: { d: folder } }
  c: { run: "cat \${in.f} > \${out.o}; echo \${with.word} >> \${out.o}", in: { f: b.d/sub/f }, with: { word: "\${with.word}" }, out: { o: file } }
out: { c: c.o }
`;
const OTHER: CallOptions = { with: { word: 'y' }, overrides: { with: ['word=y'] } };

interface Pair {
  /** Where everything has run; its cache is the other's remote. */
  readonly there: Workshop;
  readonly here: Workshop;
  readonly run: (options?: CallOptions) => Promise<Ran>;
}

async function pair(): Promise<Pair> {
  const files = { 'p.yaml': YAML, dice: '6\n' };
  const there = workshop(files);
  await there.run({ threads: undefined });
  const here = workshop({ ...files, dice: '3\n' });
  const remote: RemotePlace = { kind: 'folder', path: there.project.cache };
  return { there, here, run: (options = {}) => here.run({ remote, ...options }) };
}

function objectIn(w: Workshop, text: string): string {
  return objectPath(w.project.cache, digestBytes(text), 'file');
}

function codes(ran: Ran): string[] {
  return ran.of('warning').map(({ diagnostic }) => diagnostic.code);
}

describe('a run with a remote', () => {
  it('takes what is there, and of its bytes only those that are needed', async () => {
    const { here, run } = await pair();
    const ran = await run();
    expect(ran.actions).toEqual({ a: 'fresh', b: 'fresh', c: 'restored' });
    expect(ran.of('run-started')[0]?.stages.map(({ label }) => label)).toEqual(['fresh', 'fresh', 'restore']);
    expect(here.read('out/p/c')).toBe('a\n6\nx\n');
    expect(['a\n', 'a\n6\n', 'a\n6\nx\n'].map((text) => existsSync(objectIn(here, text)))).toEqual([
      false,
      false,
      true,
    ]);
    expect(ran.of('transfer').at(-1)).toMatchObject({ direction: 'pull', objects: 1, done: true });
  });

  it('brings the inputs of what has to run', async () => {
    const { here, run } = await pair();
    const ran = await run(OTHER);
    expect(ran.actions).toEqual({ a: 'fresh', b: 'fresh', c: 'ran' });
    expect(here.read('out/p/c')).toBe('a\n6\ny\n');
  });

  it('brings bytes that are missing or corrupt here, before their stage would run again', async () => {
    const { here, run } = await pair();
    await run();
    await run(OTHER);
    for (const text of ['a\n6\nx\n', 'a\n6\n']) {
      chmodSync(objectIn(here, text), 0o644);
      writeFileSync(objectIn(here, text), 'spoilt');
    }
    rmSync(here.path('out'), { recursive: true });
    expect((await run()).actions).toEqual({ a: 'fresh', b: 'fresh', c: 'restored' });
    expect(here.read('out/p/c')).toBe('a\n6\nx\n');
    const third = { with: { word: 'z' }, overrides: { with: ['word=z'] } };
    expect((await run(third)).actions).toEqual({ a: 'fresh', b: 'fresh', c: 'ran' });
  });

  it('runs the stage whose bytes are not there either', async () => {
    const { there, here, run } = await pair();
    rmSync(objectIn(there, 'a\n6\n'));
    expect((await run(OTHER)).actions).toEqual({ a: 'fresh', b: 'ran', c: 'ran' });
    expect(here.read('out/p/c')).toBe('a\n3\ny\n');
  });

  it('goes on when bytes that were promised are gone when they are needed', async () => {
    const { there, here, run } = await pair();
    const promised = objectIn(there, 'a\n6\n');
    chmodSync(promised, 0o644);
    writeFileSync(promised, 'a\n7\n');
    const ran = await run(OTHER);
    expect(ran.actions).toEqual({ a: 'fresh', b: 'ran', c: 'ran' });
    expect(here.read('out/p/c')).toBe('a\n3\ny\n');
    expect(codes(ran)).toEqual(['remote-wrong-bytes']);
    expect(existsSync(objectIn(here, 'a\n7\n'))).toBe(false);
  });

  it('asks nobody when everything is here', async () => {
    const { run } = await pair();
    await run();
    const ran = await run({ remote: { kind: 'folder', path: '/nowhere' } });
    expect([ran.actions, codes(ran)]).toEqual([{ a: 'fresh', b: 'fresh', c: 'fresh' }, []]);
  });

  it('says once that a remote is not there, and runs', async () => {
    const { here } = await pair();
    const ran = await here.run({ remote: { kind: 'folder', path: '/nowhere' } });
    expect([ran.actions, codes(ran)]).toEqual([{ a: 'ran', b: 'ran', c: 'ran' }, ['remote-unreachable']]);
  });

  it('looks for keys that show only while it runs', async () => {
    const { there, here, run } = await pair();
    // `a` runs again here and gives the same bytes: then `b` is there.
    for (const w of [there, here]) w.write('p.yaml', YAML.replace('echo a >', 'echo $(echo a) >'));
    const ran = await run();
    const expected = ran.of('run-started')[0]?.stages.map(({ label }) => label);
    expect(expected).toEqual(['run', 'maybe', 'maybe']);
    expect(ran.actions).toEqual({ a: 'ran', b: 'fresh', c: 'restored' });
    expect(here.read('out/p/c')).toBe('a\n6\nx\n');
  });
});

describe('a lock file and a remote', () => {
  it('give everybody the bytes of a stage that is not deterministic', async () => {
    const { there, here, run } = await pair();
    await here.run({ threads: undefined });
    expect(here.read('out/p/c')).toBe('a\n3\nx\n');
    here.write('p.lock.yaml', there.read('p.lock.yaml'));
    const ran = await run({ threads: undefined });
    expect(ran.actions).toEqual({ a: 'fresh', b: 'fresh', c: 'restored' });
    expect(here.read('out/p/c')).toBe('a\n6\nx\n');
    expect(here.read('p.lock.yaml')).toBe(there.read('p.lock.yaml'));
  });

  it('stand in for records that are nowhere', async () => {
    const { there, here, run } = await pair();
    rmSync(`${there.project.cache}/actions`, { recursive: true });
    here.write('p.lock.yaml', there.read('p.lock.yaml'));
    const ran = await run({ threads: undefined });
    expect(ran.actions).toEqual({ a: 'fresh', b: 'fresh', c: 'restored' });
    expect(here.read('out/p/c')).toBe('a\n6\nx\n');
  });

  it('satisfy --frozen', async () => {
    const { there, here, run } = await pair();
    here.write('p.lock.yaml', there.read('p.lock.yaml'));
    expect((await run({ threads: undefined, frozen: true })).result.outcome).toBe('done');
    expect(here.read('out/p/c')).toBe('a\n6\nx\n');
  });
});
