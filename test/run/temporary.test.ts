import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestBytes } from '../../base/digest.ts';
import { collect } from '../../cache/gc/collect.ts';
import { objectPath } from '../../cache/layout.ts';
import { temporaryStore } from '../../cache/temporary.ts';
import { verifyCache } from '../../cache/verify.ts';
import { labels, type Workshop, workshop } from '../rigs/workshop.ts';

const YAML = `name: p
with: { word: x, other: "1" }
stages:
  big: { run: "echo big > \${out.o}", out: { o: { type: file, temp: true } } }
  one: { run: "cat \${in.o} > \${out.o}; echo \${with.word} >> \${out.o}", in: { o: big.o }, out: { o: file } }
  two: { run: "cat \${in.o} > \${out.o}; echo two\${with.other} >> \${out.o}", in: { o: big.o }, out: { o: file } }
out: { one: one.o, two: two.o }
`;

function objects(w: Workshop): string[] {
  const folder = join(temporaryStore(w.project.cache), 'objects');
  return existsSync(folder) ? readdirSync(folder).flatMap((prefix) => readdirSync(join(folder, prefix))) : [];
}

describe('a temporary output', () => {
  it('goes when its last reader is done; nothing runs for its sake alone', async () => {
    const w = workshop({ 'p.yaml': YAML });
    const ran = await w.run({
      jobs: 1,
      hear: (event) => {
        if (event.type === 'stage-done' && event.stage === 'one') expect(objects(w)).toHaveLength(1);
      },
    });
    expect(ran.actions).toEqual({ big: 'ran', one: 'ran', two: 'ran' });
    expect(objects(w)).toEqual([]);
    expect((await w.run()).actions).toEqual({ big: 'fresh', one: 'fresh', two: 'fresh' });
  });

  it('is made again in the same run when it is needed again, and goes again', async () => {
    const w = workshop({ 'p.yaml': YAML });
    await w.run();
    const change = { with: { word: 'y' } };
    const plan = await w.plan(change);
    expect(labels(plan)).toEqual({ big: 'run', one: 'run', two: 'maybe' });
    expect(plan.stages[0]?.because).toEqual([{ kind: 'temp', output: 'o' }]);
    expect((await w.run(change)).actions).toEqual({ big: 'ran', one: 'ran', two: 'fresh' });
    expect(w.read('out/p/one')).toBe('big\ny\n');
    expect(objects(w)).toEqual([]);
  });

  it('stays while a reader has failed, and for one that was asked for by name', async () => {
    const w = workshop({ 'p.yaml': YAML.replace('cat ${in.o} > ${out.o}; echo two', 'exit 1; echo two') });
    expect((await w.run({ keepGoing: true })).actions).toEqual({ big: 'ran', one: 'ran', two: 'failed' });
    expect(objects(w)).toHaveLength(1);
    w.write('p.yaml', YAML);
    expect((await w.run()).actions).toEqual({ big: 'fresh', one: 'fresh', two: 'ran' });
    expect(objects(w)).toEqual([]);

    const only = workshop({ 'p.yaml': YAML });
    await only.run({ only: ['big'] });
    expect(objects(only)).toHaveLength(1);
  });

  it('never takes equal bytes of another result with it', async () => {
    const w = workshop({
      'p.yaml': YAML.replace(
        'stages:\n',
        'stages:\n  same: { run: "printf \'big\\\\n\' > ${out.o}", out: { o: file } }\n',
      ).replace('out: { one', 'out: { same: same.o, one'),
    });
    await w.run();
    expect(existsSync(objectPath(w.project.cache, digestBytes('big\n'), 'file'))).toBe(true);
    expect(w.read('out/p/same')).toBe('big\n');
    expect((await w.run()).actions).toMatchObject({ same: 'fresh' });
  });

  it('is no part of the key, and one that is kept from now on is made again when people want it', async () => {
    const w = workshop({ 'p.yaml': YAML });
    await w.run();
    w.write(
      'p.yaml',
      YAML.replace('{ type: file, temp: true }', 'file').replace('out: { one', 'out: { big: big.o, one'),
    );
    expect(labels(await w.plan())).toMatchObject({ big: 'run' });
    expect((await w.run()).actions).toEqual({ big: 'ran', one: 'fresh', two: 'fresh' });
    expect(w.read('out/p/big')).toBe('big\n');
  });

  it('is missed by no check of the cache, and what a failed run left goes with gc', async () => {
    const w = workshop({ 'p.yaml': YAML.replace('cat ${in.o} > ${out.o}; echo two', 'exit 1; echo two') });
    await w.run({ keepGoing: true });
    const { cache } = w.project;
    expect((await verifyCache(cache, { repair: false })).bad).toEqual([]);
    const policy = { keepLast: 1 };
    const collected = await collect(cache, policy, { dryRun: false });
    expect(collected.ok && collected.value.temporary).toEqual({ count: 1, bytes: 4 });
    expect(objects(w)).toEqual([]);
    expect((await verifyCache(cache, { repair: false })).bad).toEqual([]);
    w.write('p.yaml', YAML);
    expect((await w.run()).actions).toMatchObject({ big: 'ran', two: 'ran' });
  });

  it('may be a folder, read whole and by its members, and two may share a file', async () => {
    const w = workshop({
      'p.yaml': `name: p
with: { word: x }
stages:
  d: { run: "mkdir \${out.d}/sub; echo f > \${out.d}/sub/f; echo g > \${out.d}/g", out: { d: { type: folder, temp: true } } }
  e: { run: "echo f > \${out.d}/also", out: { d: { type: folder, temp: true } } }
  whole: { run: "cat \${in.d}/g > \${out.o}", in: { d: d.d }, out: { o: file } }
  member: { run: "cat \${in.f} \${in.s}/f > \${out.o}", in: { f: d.d/sub/f, s: d.d/sub }, out: { o: file } }
  later: { run: "cat \${in.e}/also \${in.o} > \${out.o}; echo \${with.word} >> \${out.o}", in: { e: e.d, o: member.o }, out: { o: file } }
out: { whole: whole.o, later: later.o }
`,
    });
    expect((await w.run({ jobs: 1 })).result.stages.map(({ action }) => action)).toEqual(
      Array(5).fill('ran'),
    );
    expect(w.read('out/p/later')).toBe('f\nf\nf\nx\n');
    const again = await w.run({ with: { word: 'y' } });
    expect(again.actions).toEqual({ d: 'fresh', e: 'ran', whole: 'fresh', member: 'fresh', later: 'ran' });
    expect(w.read('out/p/later')).toBe('f\nf\nf\ny\n');
  });
});
