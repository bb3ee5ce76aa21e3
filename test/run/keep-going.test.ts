import { describe, expect, it, onTestFinished } from 'vitest';
import { type Puppet, type Puppets, startPuppets } from '../rigs/puppets.ts';
import { type Workshop, workshop } from '../rigs/workshop.ts';

async function puppets(): Promise<Puppets> {
  const made = await startPuppets();
  onTestFinished(() => made.close());
  return made;
}

async function finish(puppet: Puppet): Promise<void> {
  await puppet.write(puppet.words[0] as string, puppet.name);
  puppet.exit();
}

/** A chain that fails in its middle, and one beside it. */
function chains(p: Puppets): Workshop {
  return workshop({
    'p.yaml': `name: p
stages:
  a: { run: ${p.run('a', 'out.o')}, out: { o: file } }
  b: { run: ${p.run('b', 'out.o')}, in: { o: a.o }, out: { o: file } }
  c: { run: ${p.run('c', 'out.o')}, in: { o: b.o }, out: { o: file } }
  x: { run: ${p.run('x', 'out.o')}, out: { o: file } }
  y: { run: ${p.run('y', 'out.o')}, in: { o: x.o }, out: { o: file } }
`,
  });
}

describe('after a failure in the middle of a chain', () => {
  it('what runs goes on and is kept, and nothing new starts', async () => {
    const p = await puppets();
    const w = chains(p);
    let failed: () => void;
    const failure = new Promise<void>((resolve) => {
      failed = resolve;
    });
    const run = w.run({
      hear: (event) => {
        if (event.type === 'stage-done' && event.stage === 'b') failed();
      },
    });
    const x = await p.next('x');
    await finish(await p.next('a'));
    (await p.next('b')).exit(1);
    await failure;
    await finish(x);
    expect((await run).actions).toEqual({ a: 'ran', b: 'failed', c: 'skipped', x: 'ran', y: 'cancelled' });
    expect([p.count('c'), p.count('y')]).toEqual([0, 0]);

    const again = w.run();
    await finish(await p.next('y'));
    await finish(await p.next('b'));
    await finish(await p.next('c'));
    expect((await again).actions).toEqual({ a: 'fresh', b: 'ran', c: 'ran', x: 'fresh', y: 'ran' });
  });

  it('--keep-going starts what does not need it, and says of the rest what it needs', async () => {
    const p = await puppets();
    const run = chains(p).run({ keepGoing: true });
    await finish(await p.next('a'));
    const b = await p.next('b');
    const x = await p.next('x');
    b.exit(1);
    await finish(x);
    await finish(await p.next('y'));
    const ran = await run;
    expect(ran.actions).toEqual({ a: 'ran', b: 'failed', c: 'skipped', x: 'ran', y: 'ran' });
    expect(ran.result.outcome).toBe('failed');
    expect(ran.result.stages.find(({ id }) => id === 'c')?.reason).toBe('needs b');
    expect(p.count('c')).toBe(0);
  });
});
