import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { digestBytes } from '../../base/digest.ts';
import type { Key } from '../../base/ids.ts';
import { actionPath, objectPath } from '../../cache/layout.ts';
import { labels, type Workshop, workshop } from '../rigs/workshop.ts';

const CHAIN = `name: chain
with: { word: x }
stages:
  a: { run: "echo a > \${out.o}", out: { o: file } }
  b: { run: "cat \${in.o} > \${out.o}; echo b >> \${out.o}", in: { o: a.o }, out: { o: file } }
  c: { run: "cat \${in.o} > \${out.o}; echo \${with.word} >> \${out.o}", in: { o: b.o }, out: { o: file } }
out: { c: c.o }
`;

function objectOf(w: Workshop, text: string): string {
  return objectPath(w.project.cache, digestBytes(text), 'file');
}

async function ready(): Promise<Workshop> {
  const w = workshop({ 'p.yaml': CHAIN });
  await w.run();
  return w;
}

describe('a lost result', () => {
  it('that nobody needs is not missed', async () => {
    const w = await ready();
    rmSync(objectOf(w, 'a\n'));
    expect(labels(await w.plan())).toEqual({ a: 'fresh', b: 'fresh', c: 'fresh' });
  });

  it('that a running stage reads is made again in the same run, and what it needs before it', async () => {
    const w = await ready();
    rmSync(objectOf(w, 'a\n'));
    rmSync(objectOf(w, 'a\nb\n'));
    const change = { with: { word: 'y' } };
    expect(labels(await w.plan(change))).toEqual({ a: 'run', b: 'run', c: 'run' });
    const ran = await w.run(change);
    expect(ran.actions).toEqual({ a: 'ran', b: 'ran', c: 'ran' });
    expect(ran.result.stages[1]?.because[0]).toMatchObject({ kind: 'lost' });
    expect(w.read('out/chain/c')).toBe('a\nb\ny\n');
  });

  it.each(['a\nB\n', 'a\n', ''])('that is corrupt (%j) is never used', async (bytes) => {
    const w = await ready();
    rmSync(objectOf(w, 'a\nb\n'));
    writeFileSync(objectOf(w, 'a\nb\n'), bytes);
    const ran = await w.run({ with: { word: 'y' } });
    expect(ran.actions).toEqual({ a: 'fresh', b: 'ran', c: 'ran' });
    expect(w.read('out/chain/c')).toBe('a\nb\ny\n');
  });

  it('that people want is made again', async () => {
    const w = await ready();
    rmSync(w.path('out'), { recursive: true });
    writeFileSync(`${objectOf(w, 'a\nb\nx\n')}.tmp`, '');
    rmSync(objectOf(w, 'a\nb\nx\n'));
    expect(labels(await w.plan())).toEqual({ a: 'fresh', b: 'fresh', c: 'run' });
    expect((await w.run()).actions).toEqual({ a: 'fresh', b: 'fresh', c: 'ran' });
    expect(w.read('out/chain/c')).toBe('a\nb\nx\n');
  });

  it('found out only while running is made again too', async () => {
    const w = await ready();
    // b may run, because a runs; that its other input is gone shows when it does.
    const yaml = `name: late
in: { data: ./data.txt }
stages:
  a: { run: "cat \${in.data} > \${out.o}", in: { data: in.data }, out: { o: file } }
  side: { run: "echo side > \${out.o}", out: { o: file } }
  b: { run: "cat \${in.o} \${in.side} > \${out.o}", in: { o: a.o, side: side.o }, out: { o: file } }
out: { b: b.o }
`;
    w.write('late.yaml', yaml);
    w.write('data.txt', '1\n');
    await w.run({ file: 'late.yaml' });
    rmSync(objectOf(w, 'side\n'));
    w.write('data.txt', '2\n');
    expect(labels(await w.plan({ file: 'late.yaml' }))).toEqual({ a: 'run', side: 'maybe', b: 'maybe' });
    const ran = await w.run({ file: 'late.yaml' });
    expect(ran.actions).toEqual({ a: 'ran', side: 'ran', b: 'ran' });
    expect(w.read('out/late/b')).toBe('2\nside\n');
  });

  it('whose record is gone runs again, and says that', async () => {
    const w = await ready();
    const key = (await w.plan()).stages[2]?.key as Key;
    rmSync(actionPath(w.project.cache, key));
    const plan = await w.plan();
    expect(plan.stages[2]).toMatchObject({ label: 'run', because: [{ kind: 'lost' }] });
  });

  it('of a folder, asked for a member, is made again', async () => {
    const w = workshop({
      'p.yaml': `name: member
with: { word: x }
stages:
  make: { run: "mkdir \${out.d}/sub; echo inside > \${out.d}/sub/f.txt", out: { d: folder } }
  take: { run: "cat \${in.f} \${in.s}/f.txt > \${out.o}; echo \${with.word} >> \${out.o}", in: { f: make.d/sub/f.txt, s: make.d/sub }, out: { o: file } }
out: { o: take.o }
`,
    });
    await w.run();
    expect(w.read('out/member/o')).toBe('inside\ninside\nx\n');
    rmSync(objectOf(w, 'inside\n'));
    const ran = await w.run({ with: { word: 'y' } });
    expect(ran.actions).toEqual({ make: 'ran', take: 'ran' });
    expect(existsSync(objectOf(w, 'inside\n'))).toBe(true);
  });

  it('a member that a folder does not have is an error with the names it has', async () => {
    const w = workshop({
      'p.yaml': `name: member
stages:
  make: { run: "echo x > \${out.d}/f.txt", out: { d: folder } }
  take: { run: "cat \${in.f} > \${out.o}", in: { f: make.d/g.txt }, out: { o: file } }
`,
    });
    const ran = await w.run();
    expect(ran.of('stage-done').at(-1)?.failure).toEqual({
      code: 'input-missing',
      message: 'make.d: g.txt is not in the folder, which has f.txt.',
    });
  });
});
