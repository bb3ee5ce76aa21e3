import { chmodSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { labels } from '../rigs/workshop.ts';
import { projectOf } from './rig.ts';

const CHAIN = {
  'in.txt': '1\n',
  'params.yaml': 'lr: 1\nunused: 1\n',
  'dvc.yaml': `stages:
  first:
    cmd: echo first >> log; mkdir -p d; cat in.txt > d/first.txt
    deps: [in.txt]
    params: [lr]
    outs: [d/first.txt]
  second:
    cmd: echo second >> log; head -c 1 d/first.txt > second.txt
    deps: [d/first.txt]
    outs: [second.txt]
  third:
    cmd: echo third >> log; cat second.txt > third.txt; echo '{"n":1}' > m.json
    deps: [second.txt]
    outs: [third.txt]
    metrics: [m.json: { cache: false }]
`,
};

describe('stages of a dvc.yaml', () => {
  it('run in order in the project, and not again', async () => {
    const p = projectOf(CHAIN);
    expect((await p.repro()).result.outcome).toBe('done');
    expect(p.ran()).toEqual(['first', 'second', 'third']);
    expect(p.read('third.txt')).toBe('1');
    expect(statSync(p.path('third.txt')).mode & 0o777).toBe(0o644);
    expect((await p.repro()).actions).toEqual({ first: 'fresh', second: 'fresh', third: 'fresh' });
    expect(p.ran()).toEqual([]);
    p.write('params.yaml', 'lr: 1\nunused: 2\n');
    expect(labels(await p.plan({ file: 'dvc.yaml' }))).toEqual({
      first: 'fresh',
      second: 'fresh',
      third: 'fresh',
    });
  });

  it('run when their command, a dependency or a parameter changes, and stop where bytes stay the same', async () => {
    const p = projectOf(CHAIN);
    await p.repro();
    p.ran();
    p.write('in.txt', '12\n');
    expect((await p.repro()).actions).toEqual({ first: 'ran', second: 'ran', third: 'fresh' });
    p.write('params.yaml', 'lr: 2\n');
    const changed = await p.repro();
    expect(changed.actions).toEqual({ first: 'ran', second: 'fresh', third: 'fresh' });
    expect(changed.result.stages[0]?.because).toEqual([
      { kind: 'param', name: 'lr', before: '1', after: '2' },
    ]);
    p.write('dvc.yaml', p.read('dvc.yaml').replace('head -c 1', 'head -c 2'));
    expect((await p.repro()).actions).toEqual({ first: 'fresh', second: 'ran', third: 'ran' });
    expect(p.read('third.txt')).toBe('12');
    p.ran();
  });

  it('take what they gave before from the cache when their inputs go back', async () => {
    const p = projectOf(CHAIN);
    await p.repro();
    p.write('in.txt', '2\n');
    await p.repro();
    p.ran();
    p.write('in.txt', '1\n');
    expect(labels(await p.plan({ file: 'dvc.yaml' }))).toMatchObject({ first: 'restore', third: 'restore' });
    expect((await p.repro()).actions).toEqual({ first: 'restored', second: 'restored', third: 'restored' });
    expect([p.ran(), p.read('third.txt'), p.read('m.json')]).toEqual([[], '1', '{"n":1}\n']);
  });

  it('put missing outputs back, metrics with cache: false too', async () => {
    const p = projectOf(CHAIN);
    await p.repro();
    p.ran();
    for (const name of ['d', 'second.txt', 'm.json']) rmSync(p.path(name), { recursive: true });
    expect((await p.repro()).actions).toEqual({ first: 'restored', second: 'restored', third: 'restored' });
    expect([p.ran(), p.read('d/first.txt'), p.has('m.json')]).toEqual([[], '1\n', true]);
  });

  it('put changed outputs back, and keep what somebody wrote over them', async () => {
    const p = projectOf(CHAIN);
    await p.repro();
    p.write('second.txt', 'by hand');
    const ran = await p.repro();
    expect(ran.actions).toEqual({ first: 'fresh', second: 'restored', third: 'fresh' });
    const [warning] = ran.of('warning');
    expect(warning?.diagnostic.code).toBe('output-replaced');
    const kept = /moved to (\S+)\.$/.exec(warning?.diagnostic.message ?? '')?.[1] ?? '';
    expect([p.read('second.txt'), p.read(kept)]).toEqual(['1', 'by hand']);
  });

  it('find nothing of their outputs when they start, except those that persist', async () => {
    const p = projectOf({
      'dvc.yaml': `stages:
  gone: { cmd: "ls gone.txt 2>/dev/null >> seen; date +%N > gone.txt", deps: [in.txt], outs: [gone.txt] }
  stays: { cmd: "cat in.txt >> stays.txt", deps: [in.txt], outs: [stays.txt: { persist: true }] }
`,
      'in.txt': 'a\n',
    });
    await p.repro();
    p.write('in.txt', 'b\n');
    await p.repro();
    expect([p.read('seen'), p.read('stays.txt')]).toEqual(['', 'a\nb\n']);
    // An output that grew cannot be taken from the cache: the command has to see it.
    p.write('in.txt', 'a\n');
    expect((await p.repro()).actions).toEqual({ gone: 'restored', stays: 'ran' });
    expect(p.read('stays.txt')).toBe('a\nb\na\n');
  });

  it('that say cache: false of an output run again when it is missing or changed', async () => {
    const p = projectOf({
      'in.txt': 'x',
      'dvc.yaml': `stages:
  a: { cmd: "echo a >> log; cat in.txt > o.txt", deps: [in.txt], outs: [o.txt: { cache: false }] }
  f: { cmd: "echo f >> log; mkdir fo; cp o.txt fo/p", deps: [o.txt], outs: [fo: { cache: false }] }
  g: { cmd: "echo g >> log; cat fo/p > g.txt", deps: [fo/p], outs: [g.txt] }
`,
    });
    await p.repro();
    expect(p.ran()).toEqual(['a', 'f', 'g']);
    await p.repro();
    expect(p.ran()).toEqual([]);
    rmSync(p.path('o.txt'));
    expect((await p.repro()).actions).toEqual({ a: 'ran', f: 'fresh', g: 'fresh' });
    p.write('fo/p', 'other');
    expect((await p.repro()).actions).toEqual({ a: 'fresh', f: 'ran', g: 'fresh' });
    expect(p.ran()).toEqual(['a', 'f']);
  });

  it('that fail leave what was there before, and keep apart what they wrote', async () => {
    const p = projectOf({
      'in.txt': 'good',
      'dvc.yaml': `stages:
  a: { cmd: [cat in.txt > o.txt, "mkdir n; echo half > n/x", "! grep bad in.txt", echo never], deps: [in.txt], outs: [o.txt, n] }
`,
    });
    await p.repro();
    p.write('in.txt', 'bad');
    const ran = await p.repro();
    expect(ran.result.stages[0]?.failure).toMatchObject({ code: 'exit-non-zero', exitCode: 1 });
    expect([p.read('o.txt'), p.read('n/x')]).toEqual(['good', 'half\n']);
    expect(p.read('.warren/workspace/failed/a/0')).toBe('bad');
    expect(readdirSync(p.path('.warren/workspace/aside'))).toEqual([]);
    p.write('in.txt', 'good');
    expect((await p.repro()).actions).toEqual({ a: 'fresh' });
  });

  it('that do not write an output fail', async () => {
    const p = projectOf({ 'dvc.yaml': 'stages:\n  a: { cmd: "true", outs: [o] }\n' });
    expect((await p.repro()).result.stages[0]?.failure?.code).toBe('output-missing');
  });

  it('that name nothing, or are always changed, run every time', async () => {
    const p = projectOf({
      'in.txt': '',
      'dvc.yaml': `stages:
  idle: { cmd: "echo idle >> log" }
  always: { cmd: "echo always >> log; echo same > o", deps: [in.txt], outs: [o], always_changed: true }
  after: { cmd: "echo after >> log; cat o > p", deps: [o], outs: [p] }
`,
    });
    await p.repro();
    p.ran();
    const again = await p.repro();
    expect(again.actions).toEqual({ idle: 'ran', always: 'ran', after: 'fresh' });
    expect(again.result.stages[0]?.because).toEqual([{ kind: 'uncached', detail: 'it runs every time' }]);
    expect(p.ran()).toEqual(['always', 'idle']);
  });

  it('without outputs run again whenever their inputs are not those of the last time', async () => {
    const p = projectOf({
      'in.txt': '1',
      'dvc.yaml': `stages:
  a: { cmd: "echo a >> log", deps: [in.txt] }
  b: { cmd: "echo a >> log", deps: [in.txt] }
`,
    });
    for (const [text, times] of [
      ['1', 2],
      ['1', 0],
      ['2', 2],
      ['1', 2],
    ] as const) {
      p.write('in.txt', text);
      await p.repro();
      expect(p.ran()).toHaveLength(times);
    }
  });

  it('that are frozen never run: what stands there is their result', async () => {
    const files = {
      'in.txt': '1',
      'dvc.yaml': `stages:
  a: { cmd: "echo a >> log; cat in.txt > a.txt", deps: [in.txt], outs: [a.txt], frozen: true }
  b: { cmd: "echo b >> log; cat a.txt > b.txt", deps: [a.txt], outs: [b.txt] }
`,
    };
    const p = projectOf(files);
    expect((await p.repro()).result.stages[0]?.failure?.code).toBe('frozen-output-missing');
    p.write('a.txt', 'mine');
    expect((await p.repro()).actions).toEqual({ a: 'fresh', b: 'ran' });
    p.write('in.txt', '2');
    expect((await p.repro()).actions).toEqual({ a: 'fresh', b: 'fresh' });
    p.write('a.txt', 'other');
    expect((await p.repro()).actions).toEqual({ a: 'fresh', b: 'ran' });
    expect([p.ran(), p.read('b.txt')]).toEqual([['b', 'b'], 'other']);
  });

  it('that read a folder of theirs and others run when either changes', async () => {
    const p = projectOf({
      'in.txt': '1',
      'data/own/x.txt': 'x',
      'dvc.yaml': `stages:
  a: { cmd: "echo a >> log; mkdir -p data/made; head -c 1 in.txt > data/made/a.txt", deps: [in.txt], outs: [data/made/a.txt] }
  all: { cmd: "echo all >> log; cat data/own/x.txt data/made/a.txt > all.txt", deps: [data], outs: [all.txt] }
`,
    });
    await p.repro();
    expect(p.ran()).toEqual(['a', 'all']);
    await p.repro();
    expect(p.ran()).toEqual([]);
    p.write('data/own/x.txt', 'y');
    await p.repro();
    expect(p.ran()).toEqual(['all']);
    p.write('in.txt', '12');
    await p.repro();
    expect(p.ran()).toEqual(['a']);
    p.write('in.txt', '2');
    await p.repro();
    expect([p.ran(), p.read('all.txt')]).toEqual([['a', 'all'], 'y2']);
  });

  it('run in their wdir, with the environment of the caller and a shell for each command', async () => {
    process.env['DVC_RUN_TEST'] = 'passed';
    const p = projectOf({
      'sub/x.txt': '',
      'dvc.yaml': `stages:
  a@b: { cmd: x }
  a:
    foreach: [q]
    do:
      wdir: sub
      cmd: ["pwd > ../out.txt; cd /", "basename $PWD >> ../out.txt", "echo $DVC_RUN_TEST $DVC_STAGE >> ../out.txt"]
      deps: [x.txt]
      outs: [../out.txt]
`.replace('  a@b: { cmd: x }\n', ''),
    });
    expect((await p.repro('a@q')).actions).toEqual({ 'a@q': 'ran' });
    expect(p.read('out.txt').split('\n').slice(1)).toEqual(['sub', 'passed a@q', '']);
    delete process.env['DVC_RUN_TEST'];
  });

  it('may leave caches beside what they read', async () => {
    const p = projectOf({
      'src/a.py': '',
      'dvc.yaml':
        'stages:\n  a: { cmd: "mkdir src/__pycache__; echo 1 > src/__pycache__/a.pyc; touch o", deps: [src], outs: [o] }\n',
    });
    expect((await p.repro()).of('warning')).toEqual([]);
    expect((await p.repro()).actions).toEqual({ a: 'fresh' });
  });

  it('whose input changes meanwhile are not stored', async () => {
    const p = projectOf({
      'in.txt': '1',
      'dvc.yaml':
        'stages:\n  a: { cmd: "echo 2 > in.txt; echo 1 > in.txt; touch o", deps: [in.txt], outs: [o] }\n',
    });
    p.write('in.txt', '1\n');
    const ran = await p.repro();
    expect(ran.of('warning').map(({ diagnostic }) => diagnostic.code)).toEqual(['input-changed']);
    expect((await p.repro()).actions).toEqual({ a: 'ran' });
  });

  it('restore folders as they were: executables, empty folders, nothing else', async () => {
    const p = projectOf({
      'dvc.yaml':
        'stages:\n  a: { cmd: "mkdir -p o/e; echo x > o/x; chmod +x o/x; ln -s x o/l", outs: [o] }\n',
    });
    await p.repro();
    chmodSync(p.path('o/x'), 0o644);
    p.write('o/more', 'y');
    expect((await p.repro()).actions).toEqual({ a: 'restored' });
    expect(p.list('o')).toEqual(['e', 'l', 'x']);
    expect(statSync(p.path('o/x')).mode & 0o111).not.toBe(0);
    expect(statSync(p.path('o/e')).isDirectory()).toBe(true);
  });

  it('never write out of the project through a link', async () => {
    const p = projectOf({ 'dvc.yaml': 'stages:\n  a: { cmd: "echo x > away/o", outs: [away/o] }\n' });
    const other = projectOf({ o: 'theirs' });
    symlinkSync(other.root, p.path('away'));
    expect((await p.repro()).result.stages[0]?.failure?.code).toBe('path-escapes');
    expect(other.read('o')).toBe('theirs');
  });

  it('are made again when the cache has lost what is not in place', async () => {
    const p = projectOf(CHAIN);
    await p.repro();
    p.ran();
    rmSync(p.path('.warren/cache/objects'), { recursive: true });
    expect((await p.repro()).actions).toEqual({ first: 'fresh', second: 'fresh', third: 'fresh' });
    rmSync(p.path('second.txt'));
    expect((await p.repro()).actions).toEqual({ first: 'fresh', second: 'ran', third: 'fresh' });
    expect(p.ran()).toEqual(['second']);
  });
});
