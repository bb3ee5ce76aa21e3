import { existsSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { Tree } from '../rigs/program.ts';
import { untilGone } from '../rigs/puppets.ts';

const SLOW = `stages:
  a:
    cmd: cat in.txt > o.txt; echo $$ > pid; ! grep -q wait in.txt || sleep 600
    deps: [in.txt]
    outs: [o.txt]
`;

/** A project whose stage has a result, and is at work on another: its output is half written. */
async function atWork(): Promise<{ tree: Tree; running: ReturnType<Tree['start']> }> {
  const tree = new Tree({ 'dvc.yaml': SLOW, 'in.txt': 'good\n' });
  expect((await tree.warren('run', 'dvc.yaml')).code).toBe(0);
  tree.write('in.txt', 'wait\n');
  const running = tree.start(['run', 'dvc.yaml']);
  await vi.waitFor(() => expect(tree.read('o.txt')).toBe('wait\n'), { timeout: 20_000 });
  return { tree, running };
}

describe('a dvc.yaml', () => {
  it('of an engine that was killed has its outputs back with the next run', async () => {
    const { tree, running } = await atWork();
    running.kill('SIGKILL');
    await running.done;
    tree.write('in.txt', 'good\n');
    const { code, document } = await tree.json('run', 'dvc.yaml');
    expect([code, tree.read('o.txt')]).toEqual([0, 'good\n']);
    expect(document).toMatchObject({ stages: [{ id: 'a', action: 'fresh' }] });
    await untilGone(Number(tree.read('pid')));
  });

  it('of a run that is interrupted has its outputs back at once', async () => {
    const { tree, running } = await atWork();
    running.kill('SIGINT');
    expect((await running.done).code).toBe(130);
    expect(tree.read('o.txt')).toBe('good\n');
  });

  it('is worked on by one engine at a time; the other waits, and finds what was made', async () => {
    const tree = new Tree({
      'dvc.yaml':
        'stages:\n  a:\n    cmd: echo ran >> log; until test -e go; do sleep 0.05; done; cp go o\n    outs: [o]\n',
    });
    const first = tree.start(['run', 'dvc.yaml']);
    await vi.waitFor(() => expect(existsSync(tree.path('log'))).toBe(true), { timeout: 20_000 });
    const second = tree.start(['run', 'dvc.yaml', '--json']);
    // It cannot end before the first does, however long that takes.
    tree.write('go', 'x');
    expect((await first.done).code).toBe(0);
    const { code, stdout } = await second.done;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ stages: [{ action: 'fresh' }] });
    expect(tree.read('log')).toBe('ran\n');
  });

  it('is answered at once when nothing changed, and again when params.yaml comes into being', async () => {
    const tree = new Tree({
      'dvc.yaml': 'stages:\n  a: { cmd: "echo $X > o", deps: [i], outs: [o] }\n',
      i: 'i',
    });
    await tree.warren('run', 'dvc.yaml');
    await tree.warren('run', 'dvc.yaml');
    expect((await tree.warren('run', 'dvc.yaml')).stderr).toContain('nothing to do: 1 fresh');
    tree.write('params.yaml', 'a: [');
    expect((await tree.warren('run', 'dvc.yaml')).code).toBe(2);
    tree.write('params.yaml', '');
    await tree.warren('run', 'dvc.yaml');
    tree.write('o', 'changed');
    expect((await tree.json('run', 'dvc.yaml')).document).toMatchObject({ stages: [{ action: 'restored' }] });
  });

  it('has its generated names in every command', async () => {
    const tree = new Tree({
      'params.yaml': 'seeds: [1, 2]\nlr: 0.5\n',
      'dvc.yaml': `stages:
  train:
    matrix: { seed: "\${seeds}", net: [a, b] }
    cmd: echo \${item.seed} \${item.net} | tee o-\${key}
    params: [lr]
    outs: ["o-\${key}"]
  all: { cmd: "cat o-* > all", deps: [o-1-a, o-2-b], outs: [all] }
`.replace('[o-1-a, o-2-b]', '[o-1-a, o-2-b]'),
    });
    expect(await tree.warren('check', 'dvc.yaml')).toMatchObject({
      code: 0,
      stdout: 'dvc.yaml is right: 5 stages',
    });
    expect((await tree.json('plan', 'dvc.yaml', 'train@2-b')).document).toMatchObject({
      stages: [{ id: 'train@2-b', label: 'run' }],
    });
    expect((await tree.json('run', 'dvc.yaml', 'all')).document).toMatchObject({
      stages: [{ id: 'train@1-a' }, { id: 'train@2-b' }, { id: 'all' }],
    });
    expect((await tree.json('run', 'dvc.yaml', 'train')).document).toMatchObject({
      stages: [{ action: 'fresh' }, { action: 'ran' }, { action: 'ran' }, { action: 'fresh' }],
    });
    expect((await tree.warren('logs', 'train@2-a')).stdout).toBe('2 a');
    tree.write('params.yaml', 'seeds: [1, 2]\nlr: 0.25\n');
    await tree.warren('run', 'dvc.yaml');
    expect((await tree.warren('why', 'train@1-b')).stdout).toContain('lr 0.5 -> 0.25');
    expect((await tree.warren('status')).stdout).toContain('train@2-b');
    expect((await tree.warren('graph', 'dvc.yaml')).stdout).toContain('train.o-1-a, train.o-2-b');
    expect((await tree.warren('run', 'dvc.yaml', '--frozen')).code).toBe(0);
  });

  it('that is wrong is told with places, and never run', async () => {
    const tree = new Tree({
      'dvc.yaml': 'stages:\n  a: { cmd: "echo ${x} > log" }\n  b: { cmd: y, deps: [z] }\n',
    });
    const { code, stderr } = await tree.warren('run', 'dvc.yaml');
    expect(code).toBe(2);
    expect(stderr).toContain(
      'dvc.yaml:2:19 error[unknown-name]: There is no value "x" in vars or params.yaml.',
    );
    expect(stderr).toContain(
      'dvc.yaml:3:23 error[missing-file]: There is no file "z", and no stage writes it.',
    );
    expect(tree.has('log')).toBe(false);
  });
});
