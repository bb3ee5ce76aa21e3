import { chmodSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Key } from '../../base/ids.ts';
import { readAction } from '../../cache/actions.ts';
import { actionPath } from '../../cache/layout.ts';
import { attemptsFolder } from '../../engine/plan/past.ts';
import { selectTargets } from '../../engine/plan/targets.ts';
import { type Verified, type VerifyOptions, verifyStages } from '../../engine/verify/verify.ts';
import { startPuppets } from '../rigs/puppets.ts';
import { type Workshop, workshop } from '../rigs/workshop.ts';

async function verify(
  w: Workshop,
  words: readonly string[] = [],
  options: Partial<VerifyOptions> = {},
): Promise<Verified[]> {
  const graph = await w.graph();
  const targets = selectTargets(graph, words);
  if (!targets.ok) throw new Error(JSON.stringify(targets.error));
  const settings = { times: 1, tolerance: 0, threads: 2, jobs: 2, ...options, targets: targets.value };
  return verifyStages(graph, w.project, settings, () => {});
}

const verdicts = (all: readonly Verified[]): { [stage: string]: string } =>
  Object.fromEntries(all.map(({ id, verdict }) => [id, verdict]));

/** Files of the cache with their sizes, times and inodes. */
function cacheOf(w: Workshop): string[] {
  return (readdirSync(w.project.cache, { recursive: true }) as string[])
    .map((name) => [name, statSync(join(w.project.cache, name))] as const)
    .filter(([, stat]) => stat.isFile())
    .map(([name, { ino, size, mtimeMs }]) => `${name} ${ino} ${size} ${mtimeMs}`)
    .sort();
}

const YAML = `name: again
in: { data: ./data.txt }
stages:
  same: { run: "cat \${in.data} > \${out.o}; echo \${out.o} >> \${out.o}; echo said", in: { data: in.data }, out: { o: file } }
  state: { run: 'ls $WARREN_STATE > \${out.o}; echo 1 > $WARREN_STATE/x', out: { o: file } }
  time: { run: 'date +%s%N > \${out.o}', out: { o: file } }
  twice: { run: 'if test -f count; then wc -l < count; else echo 0; fi > \${out.o}; echo >> count', out: { o: file } }
  never: { run: "true", cache: false, out: {} }
  last: { run: 'cat \${in.a} \${in.b} > \${out.o}', in: { a: same.o, b: time.o }, out: { o: file } }
out: { last: last.o }
`;

describe('verify', () => {
  it('runs again beside the cache, and compares', async () => {
    const w = workshop({ 'p.yaml': YAML, 'data.txt': 'x\n' });
    expect(verdicts(await verify(w, ['same', 'last']))).toEqual({ same: 'unverified', last: 'unverified' });
    await w.run();
    const before = cacheOf(w);
    const log = w.list(`.warren/attempts`);
    const all = await verify(w);
    expect(verdicts(all)).toEqual({
      same: 'equal',
      state: 'equal',
      time: 'different',
      twice: 'different',
      never: 'skipped',
      last: 'equal',
    });
    expect(all.find(({ id }) => id === 'twice')?.outputs).toMatchObject([
      { output: 'o', time: 1, differences: [{ kind: 'bytes', at: 0 }] },
    ]);
    expect(cacheOf(w)).toEqual(before);
    expect(w.list('.warren/attempts')).toEqual(log);
    const key = all[0]?.key as Key;
    expect(w.read(join('.warren/attempts', key.slice(7), '1', 'log'))).toBe('said\n');
    expect((await w.run({ only: ['last'] })).actions).toEqual({
      same: 'fresh',
      time: 'fresh',
      last: 'fresh',
    });
  });

  it('as often as asked: the first time that something differs is told', async () => {
    const once =
      'if test -f done; then test $(wc -l < done) -lt 2 && echo a || echo b; else echo a; fi > ${out.o}; echo >> done';
    const w = workshop({
      'p.yaml': `name: n\nstages:\n  s: { run: ${JSON.stringify(once)}, out: { o: file } }\n`,
    });
    await w.run();
    const [verified] = await verify(w, [], { times: 3 });
    expect(verified).toMatchObject({ verdict: 'different', times: 3, outputs: [{ time: 2 }] });
  });

  it('a stage that fails now, one whose inputs are gone, one whose input was edited', async () => {
    const w = workshop({
      'data.txt': 'x\n',
      'p.yaml': `name: n
in: { data: ./data.txt }
stages:
  a: { run: "test ! -f stop; cat \${in.data} > \${out.o}", in: { data: in.data }, out: { o: file } }
  b: { run: "cat \${in.o} > \${out.o}; echo b >> \${out.o}", in: { o: a.o }, out: { o: file } }
`,
    });
    await w.run();
    w.write('stop', '');
    const [failed] = await verify(w, ['a']);
    expect(failed).toMatchObject({ verdict: 'equal' });
    w.write('p.yaml', w.read('p.yaml').replace('test ! -f stop;', 'test ! -f stop &&'));
    rmSync(w.path('stop'));
    await w.run();
    w.write('stop', '');
    expect((await verify(w, ['a']))[0]).toMatchObject({
      verdict: 'failed',
      failure: { code: 'exit-non-zero' },
    });
    rmSync(w.path('stop'));
    rmSync(join(w.project.cache, 'objects'), { recursive: true });
    expect((await verify(w))[1]).toMatchObject({ verdict: 'unverified' });
    expect((await verify(w))[0]).toMatchObject({ verdict: 'equal' });
    w.write('data.txt', 'y\n');
    expect(verdicts(await verify(w))).toEqual({ a: 'unverified', b: 'unverified' });
  });

  it('numbers of another class of machine may differ by the tolerance, of this one never', async () => {
    const number = 'if test -f ran; then echo 1.0001; else echo 1; fi > ${out.o}; echo > ran';
    const w = workshop({
      'p.yaml': `name: n\nstages:\n  s: { run: ${JSON.stringify(number)}, out: { o: metrics } }\n`,
    });
    const key = (await w.run()).result.stages[0]?.key as Key;
    expect((await verify(w, [], { tolerance: 0.01 }))[0]).toMatchObject({
      verdict: 'different',
      elsewhere: false,
    });
    const path = actionPath(w.project.cache, key);
    const record = readAction(w.project.cache, key);
    chmodSync(path, 0o644);
    writeFileSync(
      path,
      JSON.stringify({ ...record, machine: { platform: 'plan9', arch: 'mips', cpu: 'old' } }),
    );
    expect((await verify(w))[0]).toMatchObject({ verdict: 'different', elsewhere: true });
    const [near] = await verify(w, [], { tolerance: 0.01 });
    expect(near).toMatchObject({ verdict: 'equal', outputs: [{ within: 1, differences: [] }] });
  });

  it('stages run side by side, one key once at a time, and a stop ends them', async () => {
    const p = await startPuppets();
    onTestFinished(() => p.close());
    const w = workshop({
      'p.yaml': `name: par\nstages:\n  a: { run: ${p.run('a', 'out.o')}, out: { o: file } }\n  b: { run: ${p.run('b', 'out.o')}, out: { o: file } }\n`,
    });
    const running = w.run();
    for (const name of ['a', 'b']) {
      const puppet = await p.next(name);
      await puppet.write(puppet.words[0] as string, name);
      puppet.exit();
    }
    await running;
    const stop = new AbortController();
    const verifying = verify(w, [], { stop: stop.signal });
    const [a, b] = [await p.next('a'), await p.next('b')];
    const key = (await w.plan()).stages[0]?.key as Key;
    expect(a.words[0]).toBe(join(attemptsFolder(w.project, key), '1', 'out', 'o'));
    await a.write(a.words[0] as string, 'a');
    a.exit();
    await a.gone;
    stop.abort();
    await b.gone;
    expect(verdicts(await verifying)['b']).toBe('cancelled');
    expect(w.has('.warren/attempts')).toBe(true);
    expect(w.list('.warren/attempts')).toEqual([]);
  });

  it('takes as many cores as the local profile says', async () => {
    const p = await startPuppets();
    onTestFinished(() => p.close());
    const stages = ['a', 'b'].map(
      (name) => `  ${name}: { run: ${p.run(name, 'out.o')}, out: { o: file } }\n`,
    );
    const w = workshop({ 'p.yaml': `name: p\nstages:\n${stages.join('')}` });
    const settings = { executor: 'local', cpus: 1 } as const;
    const local = { name: 'local', settings, resources: {}, kinds: new Map(), stages: new Map() };
    const options = { profiles: new Map([['local', local]]), jobs: undefined };
    const alone = async (name: string, others: string): Promise<void> => {
      const puppet = await p.next(name);
      const count = p.count(others);
      await puppet.write(puppet.words[0] as string, name);
      expect(p.count(others)).toBe(count);
      puppet.exit();
    };
    const running = w.run(options);
    for (const [name, other] of [['a', 'b'] as const, ['b', 'a'] as const]) await alone(name, other);
    await running;
    const verifying = verify(w, [], options);
    for (const [name, other] of [['a', 'b'] as const, ['b', 'a'] as const]) await alone(name, other);
    expect(verdicts(await verifying)).toEqual({ a: 'equal', b: 'equal' });
  });
});
