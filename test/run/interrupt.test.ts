import { describe, expect, it, onTestFinished } from 'vitest';
import { type Puppets, startPuppets, untilGone } from '../rigs/puppets.ts';
import { type Workshop, workshop } from '../rigs/workshop.ts';

async function puppets(): Promise<Puppets> {
  const made = await startPuppets();
  onTestFinished(() => made.close());
  return made;
}

function two(p: Puppets, more = ''): Workshop {
  return workshop({
    'p.yaml': `name: p
with: { v: 1 }
stages:
  a: { run: ${p.run('a', 'out.o', 'with.v')}, out: { o: file } ${more} }
  b: { run: ${p.run('b', 'out.o')}, in: { o: a.o }, out: { o: file } }
out: { a: a.o }
`,
  });
}

describe('a run that is stopped', () => {
  it('tells what runs, starts nothing more, and leaves what was there', async () => {
    const p = await puppets();
    const w = two(p);
    const first = w.run();
    const good = await p.next('a');
    await good.write(good.words[0] as string, 'good');
    good.exit();
    const b = await p.next('b');
    await b.write(b.words[0] as string, 'b');
    b.exit();
    await first;

    const stop = new AbortController();
    const run = w.run({ with: { v: 2 }, stop: stop.signal });
    const a = await p.next('a');
    await a.write(a.words[0] as string, 'half');
    stop.abort();
    const ran = await run;
    expect(ran.actions).toEqual({ a: 'cancelled', b: 'cancelled' });
    expect(ran.result.outcome).toBe('interrupted');
    await untilGone(a.pid);
    expect([p.count('a'), p.count('b')]).toEqual([2, 1]);
    expect(w.read('out/p/a')).toBe('good');
    expect((await w.run()).actions).toEqual({ a: 'fresh', b: 'fresh' });
  });

  it('keeps the result of one that ends well all the same', async () => {
    const p = await puppets();
    const stop = new AbortController();
    const w = two(p);
    const run = w.run({ stop: stop.signal });
    const a = await p.next('a');
    await a.deaf();
    await a.write(a.words[0] as string, 'a');
    stop.abort();
    a.exit();
    expect((await run).actions).toEqual({ a: 'ran', b: 'cancelled' });
  });

  it('and killed ends what is deaf, and what left its group', async () => {
    const p = await puppets();
    const [stop, kill] = [new AbortController(), new AbortController()];
    const run = two(p).run({ stop: stop.signal, kill: kill.signal });
    const a = await p.next('a');
    await a.deaf();
    const [child, hidden] = [await a.leave(false), await a.leave(true)];
    stop.abort();
    kill.abort();
    expect((await run).actions).toEqual({ a: 'cancelled', b: 'cancelled' });
    for (const pid of [a.pid, child, hidden]) await untilGone(pid);
  });

  it('waits for what a shell started: the shell itself ends at once', async () => {
    const stop = new AbortController();
    const w = workshop({
      'p.yaml': `name: p
stages:
  a: { run: "(trap 'echo saved > $WARREN_STATE/checkpoint; exit' TERM; echo ready; while :; do sleep 0.02; done) & wait", out: { o: file } }
`,
    });
    const ran = await w.run({
      stop: stop.signal,
      hear: (event) => {
        if (event.type === 'stage-output') stop.abort();
      },
    });
    expect(ran.actions).toEqual({ a: 'cancelled' });
    const [key] = w.list('.warren/attempts');
    expect(w.read(`.warren/attempts/${key}/state/checkpoint`)).toBe('saved\n');
  });
});

describe('a time limit', () => {
  it('leaves nothing of the stage behind, whatever it does, and a retry starts clean', async () => {
    const p = await puppets();
    const run = two(
      p,
      ', resources: { time: 1.5 }, retries: { max: 1, on: [timeout], grow: { time: 1000 } }',
    ).run();
    const a = await p.next('a');
    const [child, hidden] = [await a.leave(false), await a.leave(true)];
    // The child is deaf; only SIGKILL ends it, after the time to save a state.
    process.kill(child, 'SIGKILL');
    const again = await p.next('a');
    for (const pid of [a.pid, child, hidden]) await untilGone(pid);
    await again.write(again.words[0] as string, 'a');
    again.exit();
    const b = await p.next('b');
    await b.write(b.words[0] as string, 'b');
    b.exit();
    const ran = await run;
    expect(ran.actions).toEqual({ a: 'ran', b: 'ran' });
    expect(ran.of('stage-retrying')[0]?.failure).toMatchObject({
      code: 'timeout',
      message: 'It ran longer than its 1.5 s.',
    });
  });
});
