import { readdirSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Tree } from '../rigs/program.ts';

const YAML = `name: back
stages:
  a: { run: "echo \${with.x} > \${out.o}", with: { x: "\${matrix.x}" }, out: { o: file }, matrix: { x: [1, 2, 3] } }
  b: { run: "mkdir -p \${out.o}/deep; cat \${in.x}/* > \${out.o}/deep/all", in: { x: "a[*].o" }, out: { o: folder } }
out: { b: b.o, all: "a[*].o" }
`;

async function ready(): Promise<Tree> {
  const tree = new Tree({ 'p.yaml': YAML });
  await tree.warren('run', 'p.yaml');
  // The first call wrote the lock file, which is new to the next.
  await tree.warren('run', 'p.yaml');
  return tree;
}

async function actions(tree: Tree): Promise<{ [stage: string]: string }> {
  const { document, code } = await tree.json('run', 'p.yaml');
  expect(code).toBe(0);
  const { stages } = document as { stages: { id: string; action: string }[] };
  return Object.fromEntries(stages.map(({ id, action }) => [id, action]));
}

/** Whether a call was answered by the seal: the long way writes down the graph of its run. */
function wasPlanned(tree: Tree): boolean {
  const last = readdirSync(tree.path('.warren/runs')).sort().at(-1) as string;
  return tree.has(`.warren/runs/${last}/graph.json`);
}

const MEMBERS = ['a[x=1]', 'a[x=2]', 'a[x=3]'];
const all = (action: string, ids: readonly string[]): object =>
  Object.fromEntries(ids.map((id) => [id, action]));

describe('results that were taken away from out/', () => {
  it('come back without a plan, whole, and the next call has nothing to do', async () => {
    const tree = await ready();
    const before = [tree.read('out/back/b/deep/all'), readdirSync(tree.path('out/back/all'))];
    rmSync(tree.path('out'), { recursive: true });
    expect(await actions(tree)).toEqual(all('restored', [...MEMBERS, 'b']));
    expect(wasPlanned(tree)).toBe(false);
    expect([tree.read('out/back/b/deep/all'), readdirSync(tree.path('out/back/all'))]).toEqual(before);
    expect((await tree.warren('run', 'p.yaml')).stderr).toBe('nothing to do: 4 fresh');
  });

  it('are told from those that are still there, and shown', async () => {
    const tree = await ready();
    rmSync(tree.path('out/back/b'), { recursive: true });
    const { stderr, stdout } = await tree.warren('run', 'p.yaml');
    expect(stderr).toMatch(/b +restored +from run RUN\n/);
    expect(stderr).toContain('1 restored, 3 fresh');
    expect(stdout).toContain('out b  out/back/b');
    expect(wasPlanned(tree)).toBe(false);
  });

  it('are the long way’s to judge when something else lies there, or a part is gone', async () => {
    const tree = await ready();
    tree.write('out/back/b/deep/all', 'mine\n');
    expect(await actions(tree)).toMatchObject({ b: 'restored' });
    expect(wasPlanned(tree)).toBe(true);
    expect(tree.read('out/back/b/deep/all')).not.toContain('mine');
    rmSync(tree.path('out/back/all/x=2'));
    expect(await actions(tree)).toMatchObject({ 'a[x=2]': 'restored' });
    expect(readdirSync(tree.path('out/back/all'))).toHaveLength(3);
    rmSync(tree.path('out/back/all'), { recursive: true });
    tree.write('out/back/all/mine', 'x');
    await actions(tree);
    expect(readdirSync(tree.path('out/back/all')).sort()).toEqual(['x=1', 'x=2', 'x=3']);
  });

  it('are made again when their bytes are gone too, and not put back after an edit', async () => {
    const tree = await ready();
    rmSync(tree.path('out'), { recursive: true });
    rmSync(tree.path('.warren/cache/objects'), { recursive: true });
    expect(await actions(tree)).toEqual(all('ran', [...MEMBERS, 'b']));
    rmSync(tree.path('out'), { recursive: true });
    tree.write('p.yaml', YAML.replace('[1, 2, 3]', '[1, 2]'));
    expect(await actions(tree)).toMatchObject({ b: 'ran' });
    expect(tree.read('out/back/b/deep/all')).not.toContain('3\n');
  });
});
