import { chmodSync, utimesSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { labels, workshop } from '../rigs/workshop.ts';

const LINE = `name: line
with: { word: hello }
in: { data: ./data.txt }
stages:
  first:
    run: "tr -d ' ' < \${in.data} > \${out.o}; echo ran first"
    in: { data: in.data }
    out: { o: file }
  second:
    run: "cat \${in.o} > \${out.o}; echo \${with.word} >> \${out.o}"
    in: { o: first.o }
    with: { word: "\${with.word}" }
    out: { o: { type: file, name: result.txt } }
  aside:
    run: [cp, "\${in.data}", "\${out.o}"]
    in: { data: in.data }
    out: { o: file }
out: { result: second.o }
`;

describe('a run', () => {
  it('runs everything once and places what is wanted; the next one has nothing to do', async () => {
    const w = workshop({ 'p.yaml': LINE, 'data.txt': 'a b\n' });
    expect(labels(await w.plan())).toEqual({ first: 'run', second: 'run', aside: 'run' });
    const ran = await w.run();
    expect(ran.actions).toEqual({ first: 'ran', second: 'ran', aside: 'ran' });
    expect(ran.result).toMatchObject({
      schema: 'warren/run/1',
      outcome: 'done',
      out: { result: w.path('out/line/result.txt') },
    });
    expect(w.read('out/line/result.txt')).toBe('ab\nhello\n');
    expect(ran.of('stage-output').map(({ text }) => text)).toEqual(['ran first']);
    expect(labels(await w.plan())).toEqual({ first: 'fresh', second: 'fresh', aside: 'fresh' });
    const again = await w.run();
    expect(again.actions).toEqual({ first: 'fresh', second: 'fresh', aside: 'fresh' });
    expect(again.of('output-placed')).toEqual([]);
  });

  it('reruns what a parameter reaches, and says so', async () => {
    const w = workshop({ 'p.yaml': LINE, 'data.txt': 'a b\n' });
    await w.run();
    const change = { with: { word: 'bye' } };
    expect(labels(await w.plan(change))).toEqual({ first: 'fresh', second: 'run', aside: 'fresh' });
    const ran = await w.run(change);
    expect(ran.actions).toEqual({ first: 'fresh', second: 'ran', aside: 'fresh' });
    expect(ran.result.stages[1]?.because).toEqual([
      { kind: 'param', name: 'word', before: '"hello"', after: '"bye"' },
    ]);
    expect(w.read('out/line/result.txt')).toBe('ab\nbye\n');
  });

  it('goes back to an earlier result without running', async () => {
    const w = workshop({ 'p.yaml': LINE, 'data.txt': 'a b\n' });
    await w.run();
    await w.run({ with: { word: 'bye' } });
    expect(labels(await w.plan())).toEqual({ first: 'fresh', second: 'restore', aside: 'fresh' });
    expect((await w.run()).actions).toEqual({ first: 'fresh', second: 'restored', aside: 'fresh' });
    expect(w.read('out/line/result.txt')).toBe('ab\nhello\n');
  });

  it('stops the wave where bytes are equal', async () => {
    const w = workshop({ 'p.yaml': LINE, 'data.txt': 'a b\n' });
    await w.run();
    w.write('data.txt', 'ab\n');
    expect(labels(await w.plan())).toEqual({ first: 'run', second: 'maybe', aside: 'run' });
    const ran = await w.run();
    expect(ran.actions).toEqual({ first: 'ran', second: 'fresh', aside: 'ran' });
    expect(ran.result.stages[0]?.because).toEqual([
      { kind: 'input', name: 'data', detail: './data.txt changed' },
    ]);
  });

  it('runs nothing after a touch', async () => {
    const w = workshop({ 'p.yaml': LINE, 'data.txt': 'a b\n' });
    await w.run();
    utimesSync(w.path('data.txt'), new Date(), new Date());
    w.write('data.txt', 'a b\n');
    expect((await w.run()).actions).toEqual({ first: 'fresh', second: 'fresh', aside: 'fresh' });
  });

  it('restores a placed result that was edited or removed', async () => {
    const w = workshop({ 'p.yaml': LINE, 'data.txt': 'a b\n' });
    await w.run();
    w.write('out/line/result.txt', 'edited');
    expect(labels(await w.plan())['second']).toBe('restore');
    expect((await w.run()).actions['second']).toBe('restored');
    expect(w.read('out/line/result.txt')).toBe('ab\nhello\n');
  });

  it('runs the named stages and what they need', async () => {
    const w = workshop({ 'p.yaml': LINE, 'data.txt': 'a b\n' });
    const ran = await w.run({ only: ['first'] });
    expect(ran.actions).toEqual({ first: 'ran' });
    expect(ran.result.out).toEqual({});
    expect((await w.run({ only: ['second'] })).actions).toEqual({ first: 'fresh', second: 'ran' });
  });

  it('--force runs the targets again, and only those', async () => {
    const w = workshop({ 'p.yaml': LINE, 'data.txt': 'a b\n' });
    await w.run();
    const forced = await w.run({ only: ['second'], force: true });
    expect(forced.actions).toEqual({ first: 'fresh', second: 'ran' });
    expect(forced.result.stages[1]?.because).toEqual([{ kind: 'forced' }]);
    expect((await w.run({ force: true })).actions).toEqual({ first: 'ran', second: 'ran', aside: 'ran' });
  });

  it('--frozen runs nothing and leaves no run behind', async () => {
    const w = workshop({ 'p.yaml': LINE, 'data.txt': 'a b\n' });
    const refused = await w.run({ frozen: true });
    expect(refused.result).toMatchObject({ outcome: 'refused', run: null });
    expect(w.has('.warren/runs')).toBe(false);
    await w.run();
    expect((await w.run({ frozen: true })).result.outcome).toBe('done');
  });

  it('a stage that is not to be cached runs every time, and equal bytes end there', async () => {
    const yaml = LINE.replace('in: { data: in.data }', 'cache: false\n    in: { data: in.data }');
    const w = workshop({ 'p.yaml': yaml, 'data.txt': 'a b\n' });
    await w.run();
    expect(labels(await w.plan())).toEqual({ first: 'run', second: 'maybe', aside: 'fresh' });
    const again = await w.run();
    expect(again.actions).toEqual({ first: 'ran', second: 'fresh', aside: 'fresh' });
    expect(again.result.stages[0]?.because).toEqual([{ kind: 'uncached' }]);
  });

  it('the mode of an input counts, its name does not', async () => {
    const w = workshop({ 'p.yaml': LINE, 'data.txt': 'a b\n', 'moved.txt': 'a b\n' });
    await w.run();
    w.write('p.yaml', LINE.replace('./data.txt', './moved.txt'));
    expect(labels(await w.plan())).toEqual({ first: 'fresh', second: 'fresh', aside: 'fresh' });
    chmodSync(w.path('moved.txt'), 0o755);
    expect(labels(await w.plan())).toMatchObject({ first: 'run', aside: 'run' });
  });
});

describe('groups', () => {
  const FAN = `name: fan
with: { ns: [2, 10] }
stages:
  make: { run: "echo \${matrix.n} > \${out.o}", matrix: { n: "\${with.ns}" }, out: { o: { type: file, name: n.txt } } }
  join:
    run: "cat \${in.all}/*.txt > \${out.o}; cat \${in.all}/index.json > \${out.index}"
    in: { all: "make[*].o" }
    out: { o: file, index: file }
out: { all: "make[*].o", joined: join.o, index: join.index }
`;

  it('are folders with an index for a command, and for people', async () => {
    const w = workshop({ 'p.yaml': FAN });
    const ran = await w.run();
    expect(ran.result.outcome).toBe('done');
    expect(w.read('out/fan/joined')).toBe('10\n2\n');
    expect(JSON.parse(w.read('out/fan/index'))).toEqual([
      { label: 'n=10', path: 'n=10.txt' },
      { label: 'n=2', path: 'n=2.txt' },
    ]);
    expect(w.list('out/fan/all')).toEqual(['n=10.txt', 'n=2.txt']);
  });

  it('change with their members, not with the order of values', async () => {
    const w = workshop({ 'p.yaml': FAN });
    await w.run();
    const turned = await w.run({ with: { ns: [10, 2] } });
    expect(Object.values(turned.actions)).toEqual(['fresh', 'fresh', 'fresh']);
    const fewer = await w.run({ with: { ns: [2] } });
    expect(fewer.actions).toEqual({ 'make[n=2]': 'restored', join: 'ran' });
    expect(w.list('out/fan/all')).toEqual(['n=2.txt']);
  });
});
