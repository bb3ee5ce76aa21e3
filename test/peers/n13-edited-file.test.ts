import { expect, it, onTestFinished } from 'vitest';
import { Tree } from '../rigs/program.ts';
import { type Puppets, startPuppets } from '../rigs/puppets.ts';

const yaml = (second: string): string => `name: plan
stages:
  a: { run: ${second.split('\n')[0]}, out: { o: file } }
  b: { run: ${second.split('\n')[1]}, in: { o: a.o }, out: { o: file } }
out: { b: b.o }
`;

async function puppets(): Promise<Puppets> {
  const made = await startPuppets();
  onTestFinished(() => made.close());
  return made;
}

async function finish(p: Puppets, name: string): Promise<void> {
  const puppet = await p.next(name);
  await puppet.write(puppet.words[0] as string, name);
  puppet.exit();
}

it('N13: a plan is frozen at the start; status says that it is old, and the next run does what the file says', async () => {
  const p = await puppets();
  const a = p.run('a', 'out.o');
  const file = (name: string): string => yaml(`${a}\n${p.run(name, 'out.o')}`);
  const tree = new Tree({ 'plan.yaml': file('b') });
  const running = tree.start(['run', 'plan.yaml']);
  const puppet = await p.next('a');
  expect((await tree.warren('status')).stdout).not.toContain('plan is old');
  tree.write('plan.yaml', file('edited'));
  const { stdout } = await tree.warren('status');
  expect(stdout).toContain(
    'plan is old: plan.yaml was edited since; this run goes on with the plan it started with',
  );
  expect((await tree.json('status', 'plan.yaml')).document).toMatchObject({
    state: 'running',
    edited: [tree.path('plan.yaml')],
  });
  await puppet.write(puppet.words[0] as string, 'a');
  puppet.exit();
  await finish(p, 'b');
  expect((await running.done).code).toBe(0);
  expect(p.count('edited')).toBe(0);
  expect((await tree.warren('status')).stdout).toContain('a new run may do more');
  const next = tree.start(['run', 'plan.yaml']);
  await finish(p, 'edited');
  await next.done;
  expect(tree.read('out/plan/b')).toBe('edited');
  expect((await tree.warren('status')).stdout).not.toContain('plan is old');
  // Answered from the seal: the same file, the same words.
  await tree.warren('run', 'plan.yaml');
  expect((await tree.json('status')).document).toMatchObject({ state: 'done', edited: [] });
  tree.write('plan.yaml', `${tree.read('plan.yaml')}# a remark\n`);
  expect((await tree.json('status')).document).toMatchObject({ edited: [tree.path('plan.yaml')] });
});
