import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Key, RunId } from '../../base/ids.ts';
import { type ActionRecord, publishAction } from '../../cache/actions.ts';
import { storeArtifact } from '../../cache/store.ts';
import type { RunResult } from '../../engine/run/result.ts';
import { runPipeline } from '../../engine/run/run.ts';
import { type Puppets, startPuppets, untilGone } from '../rigs/puppets.ts';
import { labels, workshop } from '../rigs/workshop.ts';

async function puppets(): Promise<Puppets> {
  const made = await startPuppets();
  onTestFinished(() => made.close());
  return made;
}

function outOf(words: readonly string[]): string {
  return words[0] as string;
}

describe('stages at the same time', () => {
  it('as many as there are cores, and one that needs another after it', async () => {
    const p = await puppets();
    const w = workshop({
      'p.yaml': `name: par
stages:
  a: { run: ${p.run('a', 'out.o')}, out: { o: file } }
  b: { run: ${p.run('b', 'out.o')}, out: { o: file } }
  c: { run: ${p.run('c', 'out.o')}, out: { o: file } }
  d: { run: ${p.run('d', 'out.o', 'in.o')}, in: { o: a.o }, out: { o: file } }
`,
    });
    const running = w.run({ jobs: 2 });
    const [a, b] = [await p.next('a'), await p.next('b')];
    expect(p.count('c')).toBe(0);
    await a.write(outOf(a.words), 'a');
    a.exit();
    const c = await p.next('c');
    await c.write(outOf(c.words), 'c');
    c.exit();
    const d = await p.next('d');
    await d.write(outOf(d.words), 'd');
    d.exit();
    await b.write(outOf(b.words), 'b');
    b.exit();
    expect((await running).actions).toEqual({ a: 'ran', b: 'ran', c: 'ran', d: 'ran' });
  });

  it('two engines make one result once; the second says whom it waits for', async () => {
    const p = await puppets();
    const w = workshop({
      'p.yaml': `name: one\nstages:\n  a: { run: ${p.run('a', 'out.o')}, out: { o: file } }\nout: { o: a.o }\n`,
    });
    const first = w.run();
    const a = await p.next('a');
    const graph = await w.graph();
    let second: Promise<RunResult> | undefined;
    const waits = new Promise<string>((resolve) => {
      second = runPipeline(graph, w.project, {}, (event) => {
        if (event.type === 'stage-waiting') resolve(event.detail);
      });
    });
    expect(await waits).toContain(`process ${process.pid}`);
    await a.write(outOf(a.words), 'x');
    a.exit();
    expect((await first).actions).toEqual({ a: 'ran' });
    expect((await second)?.stages[0]?.action).toBe('fresh');
    expect(p.count('a')).toBe(1);
  });

  it('a result that another engine stored in the meantime is the one that stands', async () => {
    const p = await puppets();
    const w = workshop({
      'p.yaml': `name: one\nstages:\n  a: { run: ${p.run('a', 'out.o')}, out: { o: file } }\nout: { o: a.o }\n`,
      theirs: 'first',
    });
    const key = (await w.plan()).stages[0]?.key as Key;
    const running = w.run();
    const a = await p.next('a');
    const stored = await storeArtifact(w.project.cache, w.path('theirs'));
    if (!stored.ok) throw new Error(stored.error.code);
    const record: ActionRecord = {
      schema: 'warren/action/1',
      key,
      fingerprint: {},
      outputs: { o: stored.value },
      kind: 'command',
      run: 'theirs' as RunId,
      seconds: 1,
      machine: { platform: 'any', arch: 'any', cpu: 'any' },
      notes: [],
      reports: [],
    };
    await publishAction(w.project.cache, record, false);
    await a.write(outOf(a.words), 'second');
    a.exit();
    expect((await running).actions).toEqual({ a: 'ran' });
    expect(w.read('out/one/o')).toBe('first');
    expect((await w.run()).actions).toEqual({ a: 'fresh' });
  });
});

describe('interruption', () => {
  it('asks what runs to end and starts nothing more', async () => {
    const p = await puppets();
    const w = workshop({
      'p.yaml': `name: stop
stages:
  a: { run: ${p.run('a', 'out.o')}, out: { o: file } }
  b: { run: ${p.run('b', 'in.o')}, in: { o: a.o }, out: { o: file } }
  c: { run: ${p.run('c')}, out: { o: file } }
`,
    });
    const stop = new AbortController();
    const running = w.run({ jobs: 1, stop: stop.signal });
    const a = await p.next('a');
    stop.abort();
    const ran = await running;
    await a.gone;
    expect(ran.result.outcome).toBe('interrupted');
    expect(ran.actions).toEqual({ a: 'cancelled', b: 'cancelled', c: 'cancelled' });
    expect([p.count('b'), p.count('c')]).toEqual([0, 0]);
    expect(labels(await w.plan())).toEqual({ a: 'run', b: 'run', c: 'run' });
  });

  it('the second time ends what does not listen, with its children', async () => {
    const p = await puppets();
    const w = workshop({ 'p.yaml': `name: stop\nstages:\n  a: { run: ${p.run('a')}, out: { o: file } }\n` });
    const [stop, kill] = [new AbortController(), new AbortController()];
    const running = w.run({ stop: stop.signal, kill: kill.signal });
    const a = await p.next('a');
    await a.deaf();
    const child = await a.leave(false);
    stop.abort();
    kill.abort();
    expect((await running).result.outcome).toBe('interrupted');
    await untilGone(child);
  });

  it('a child left behind by a stage that ended well ends with it', async () => {
    const p = await puppets();
    const w = workshop({
      'p.yaml': `name: left\nstages:\n  a: { run: ${p.run('a', 'out.o')}, out: { o: file } }\n`,
    });
    const running = w.run();
    const a = await p.next('a');
    const child = await a.leave(false);
    await a.write(outOf(a.words), 'x');
    a.exit();
    expect((await running).actions).toEqual({ a: 'ran' });
    await untilGone(child);
  });
});

describe('inputs under a running stage', () => {
  const yaml = (p: Puppets): string => `name: mid
in: { data: ./data.txt }
stages:
  a: { run: ${p.run('a', 'out.o', 'in.data')}, in: { data: in.data }, out: { o: file } }
  b: { run: ${p.run('b', 'out.o', 'in.o')}, in: { o: a.o }, out: { o: file } }
`;

  it('an edit that is taken back before the end: the result is not stored', async () => {
    const p = await puppets();
    const w = workshop({ 'p.yaml': yaml(p), 'data.txt': 'V1' });
    const running = w.run({ only: ['a'] });
    const a = await p.next('a');
    w.write('data.txt', 'V2');
    await a.write(outOf(a.words), 'from V2');
    w.write('data.txt', 'V1');
    a.exit();
    const ran = await running;
    expect(ran.of('warning')[0]?.diagnostic).toMatchObject({ code: 'input-changed' });
    expect(ran.of('warning')[0]?.diagnostic.message).toContain('data.txt changed while a ran');
    expect(labels(await w.plan({ only: ['a'] }))).toEqual({ a: 'run' });
  });

  it('a write to a result of another stage fails the stage, and the spoiled bytes are made again', async () => {
    const p = await puppets();
    const w = workshop({ 'p.yaml': yaml(p), 'data.txt': 'V1' });
    const running = w.run();
    const a = await p.next('a');
    await a.write(outOf(a.words), 'good');
    a.exit();
    const b = await p.next('b');
    chmodSync(b.words[1] as string, 0o644);
    writeFileSync(b.words[1] as string, 'spoiled');
    await b.write(outOf(b.words), 'b');
    b.exit();
    const ran = await running;
    expect(ran.of('stage-done').at(-1)?.failure).toMatchObject({
      code: 'input-mutated',
      message: 'The stage wrote to its input in/o.',
    });
    expect(labels(await w.plan())).toEqual({ a: 'run', b: 'run' });
    const again = w.run();
    const a2 = await p.next('a');
    await a2.write(outOf(a2.words), 'good');
    a2.exit();
    const b2 = await p.next('b');
    await b2.write(outOf(b2.words), 'b');
    b2.exit();
    expect((await again).actions).toEqual({ a: 'ran', b: 'ran' });
  });

  it('a write to bytes that two running stages share fails the one that does it again, and only that', async () => {
    const p = await puppets();
    const w = workshop({
      'p.yaml': `name: shared
stages:
  a: { run: "echo good > \${out.o}; echo a >> calls", out: { o: file } }
  b: { run: ${p.run('b', 'out.o', 'in.o')}, in: { o: a.o }, out: { o: file } }
  c: { run: ${p.run('c', 'out.o', 'in.o')}, in: { o: a.o }, out: { o: file } }
`,
    });
    const running = w.run({ keepGoing: true });
    const [b, c] = [await p.next('b'), await p.next('c')];
    const spoil = (path: string | undefined): void => {
      chmodSync(path as string, 0o644);
      writeFileSync(path as string, 'spoiled');
    };
    spoil(b.words[1]);
    await c.write(outOf(c.words), 'from spoiled bytes');
    c.exit();
    const again = await p.next('c');
    await again.write(outOf(again.words), readFileSync(again.words[1] as string, 'utf8'));
    again.exit();
    await b.write(outOf(b.words), 'b');
    b.exit();
    const second = await p.next('b');
    spoil(second.words[1]);
    await second.write(outOf(second.words), 'b');
    second.exit();
    const ran = await running;
    expect(ran.actions).toEqual({ a: 'ran', b: 'failed', c: 'ran' });
    expect(ran.result.stages[1]?.failure).toMatchObject({ code: 'input-mutated' });
    expect(w.read('calls')).toBe('a\na\n');
    expect(labels(await w.plan())).toEqual({ a: 'fresh', b: 'run', c: 'fresh' });
    expect(w.list('.warren/cache/quarantine')).toHaveLength(1);
  });
});
