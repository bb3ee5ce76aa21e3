/** N2: stored bytes that were changed behind the engine's back. N16: clocks that jump, times that lie. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestBytes } from '../../base/digest.ts';
import { objectPath } from '../../cache/layout.ts';
import { labels, type Workshop, workshop } from '../rigs/workshop.ts';

const CHAIN = `name: chain
with: { word: x }
in: { data: ./data.txt }
stages:
  a: { in: { data: in.data }, run: "cp \${in.data} \${out.o}; echo other > \${out.p}; echo a >> calls", out: { o: file, p: file } }
  b: { in: { o: a.o, p: a.p }, with: { word: "\${with.word}" }, run: "cat \${in.o} \${in.p} > \${out.o}; echo \${with.word} >> \${out.o}", out: { o: file } }
out: { o: a.o, b: b.o }
`;

async function ready(): Promise<Workshop> {
  const w = workshop({ 'p.yaml': CHAIN, 'data.txt': 'hello\n' });
  await w.run();
  return w;
}

function object(w: Workshop, text: string): string {
  return objectPath(w.project.cache, digestBytes(text), 'file');
}

describe('N2: a stored blob', () => {
  const harms: { [name: string]: (path: string, w: Workshop) => void } = {
    'with a flipped bit': (path) => writeFileSync(path, 'hellp\n'),
    'cut short': (path) => truncateSync(path, 3),
    emptied: (path) => truncateSync(path, 0),
    'swapped with another': (path, w) => {
      const other = object(w, 'other\n');
      renameSync(path, `${path}.aside`);
      renameSync(other, path);
      renameSync(`${path}.aside`, other);
    },
    deleted: (path) => rmSync(path),
    'that became a folder': (path) => {
      rmSync(path);
      mkdirSync(path);
    },
    'that became a FIFO': (path) => {
      rmSync(path);
      execFileSync('mkfifo', [path]);
    },
  };

  it.each(Object.keys(harms))(
    '%s is found when it is needed, named, and made again in the same run',
    async (harm) => {
      const w = await ready();
      harms[harm]?.(object(w, 'hello\n'), w);
      rmSync(w.path('out'), { recursive: true });
      const change = { with: { word: 'y' } };
      expect(labels(await w.plan(change))).toEqual({ a: 'run', b: 'run' });
      const ran = await w.run(change);
      expect([ran.result.outcome, ran.actions]).toEqual(['done', { a: 'ran', b: 'ran' }]);
      const because = ran.result.stages[0]?.because[0];
      expect(because).toMatchObject({ kind: 'lost' });
      expect(JSON.stringify(because)).toMatch(/sha256:[0-9a-f]{12}/);
      expect([w.read('out/chain/o'), w.read('out/chain/b')]).toEqual(['hello\n', 'hello\nother\ny\n']);
      expect(w.read('calls')).toBe('a\na\n');
      expect((await w.run(change)).actions).toEqual({ a: 'fresh', b: 'fresh' });
      if (harm === 'deleted') return;
      expect(readdirSync(join(w.project.cache, 'quarantine')).length).toBeGreaterThan(0);
    },
  );

  it('that is found while a run hands it out is not used by any stage', async () => {
    const w = await ready();
    const planned = w.plan({ with: { word: 'y' } });
    await planned;
    writeFileSync(object(w, 'other\n'), 'OTHER\n');
    const ran = await w.run({ with: { word: 'y' } });
    expect(ran.actions).toEqual({ a: 'ran', b: 'ran' });
    expect(w.read('out/chain/b')).toBe('hello\nother\ny\n');
  });
});

describe('N16: times that lie', () => {
  it('the same size and time with other bytes: read again where the times cannot tell', async () => {
    const w = await ready();
    const { atimeMs, mtimeMs } = statSync(w.path('data.txt'));
    w.write('data.txt', 'HELLO\n');
    utimesSync(w.path('data.txt'), atimeMs / 1000, mtimeMs / 1000);
    const ran = await w.run();
    expect(ran.actions).toEqual({ a: 'ran', b: 'ran' });
    expect(w.read('out/chain/o')).toBe('HELLO\n');
  });

  it('a write in the tick of the first reading', async () => {
    const w = workshop({ 'p.yaml': CHAIN, 'data.txt': '1\n' });
    for (const text of ['1\n', '2\n', '3\n', '2\n']) {
      w.write('data.txt', text);
      await w.run();
      expect(w.read('out/chain/o')).toBe(text);
    }
  });

  it.each([
    ['in the future', 4e9],
    ['long past', 1],
    ['before the epoch', -1000],
  ])('a modification time %s is as good as any, until the bytes change', async (_, seconds) => {
    const w = workshop({ 'p.yaml': CHAIN, 'data.txt': '1\n' });
    utimesSync(w.path('data.txt'), seconds, seconds);
    await w.run();
    expect((await w.run()).actions).toEqual({ a: 'fresh', b: 'fresh' });
    w.write('data.txt', '2\n');
    utimesSync(w.path('data.txt'), seconds, seconds);
    expect((await w.run()).actions).toEqual({ a: 'ran', b: 'ran' });
    expect(w.read('out/chain/o')).toBe('2\n');
  });

  it('a clock that jumped back: what is written then is older than what is known, and still seen', async () => {
    const w = await ready();
    w.write('data.txt', 'later\n');
    utimesSync(w.path('data.txt'), 1e9, 1e9);
    expect((await w.run()).actions).toEqual({ a: 'ran', b: 'ran' });
    w.write('data.txt', 'hello\n');
    utimesSync(w.path('data.txt'), 0.9e9, 0.9e9);
    expect((await w.run()).actions).toEqual({ a: 'restored', b: 'restored' });
    expect(w.read('out/chain/o')).toBe('hello\n');
  });
});

describe('what is no file', () => {
  const stage = (run: string, type: string) => `name: odd
stages:
  a: { run: ${JSON.stringify(run)}, out: { o: ${type} } }
`;
  it.each([
    ['mkfifo ${out.o}', 'file', 'special-file'],
    ['mkfifo ${out.o}', 'metrics', 'special-file'],
    ['rmdir ${out.o}; mkfifo ${out.o}', 'folder', 'special-file'],
    ['mkfifo ${out.o}/x', 'folder', 'special-file'],
    ['ln -s /dev/zero ${out.o}', 'file', 'symlink-escapes'],
    ['echo 1 > ${out.o}/Name; echo 2 > ${out.o}/name', 'folder', 'name-collision'],
    ['ln -s ../.. ${out.o}/up', 'folder', 'symlink-escapes'],
  ])('%j as a %s fails the stage with %s', async (run, type, code) => {
    const w = workshop({ 'p.yaml': stage(run, type) });
    const ran = await w.run();
    expect(ran.result.stages[0]?.failure?.code).toBe(code);
  });

  it('as an input fails the stage that names it, and is not opened', async () => {
    const w = workshop({ 'p.yaml': CHAIN });
    execFileSync('mkfifo', [w.path('data.txt')]);
    await expect(w.run()).rejects.toThrow('wrong-artifact-type');
    rmSync(w.path('data.txt'));
    mkdirSync(w.path('data.txt'));
    execFileSync('mkfifo', [w.path('data.txt/fifo')]);
    chmodSync(w.path('data.txt/fifo'), 0o600);
    expect((await w.run()).result.stages[0]?.failure?.code).toBe('input-special-file');
  });
});
