import { appendFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Tree } from '../rigs/program.ts';

const YAML = `name: again
with: { word: x }
in: { data: ./data.txt, folder: ./folder }
stages:
  a: { run: "cat \${in.data} \${in.folder}/* > \${out.o}", in: { data: in.data, folder: in.folder }, out: { o: file } }
  b: { run: "cat \${in.o} > \${out.o}; echo \${with.word} >> \${out.o}", in: { o: a.o }, out: { o: file } }
out: { b: b.o }
`;

async function ready(): Promise<Tree> {
  const tree = new Tree({ 'p.yaml': YAML, 'data.txt': '1\n', 'folder/one': 'one\n' });
  for (const path of ['data.txt', 'folder/one', 'folder', 'p.yaml']) utimesSync(tree.path(path), 1e9, 1e9);
  await tree.warren('run', 'p.yaml');
  return tree;
}

async function actions(tree: Tree, ...args: string[]): Promise<string[]> {
  const { document } = await tree.json('run', 'p.yaml', ...args);
  return (document as { stages: { action: string }[] }).stages.map(({ action }) => action);
}

const FRESH = ['fresh', 'fresh'];

/** The sealed answer must be the one that planning would give, whatever was changed. */
describe('a run that has nothing to do', () => {
  it('says the same by its seal as by its plan', async () => {
    const tree = await ready();
    const sealed = (await tree.json('run', 'p.yaml')).document as { stages: unknown; out: unknown };
    rmSync(tree.path('.warren/seals'), { recursive: true });
    const planned = (await tree.json('run', 'p.yaml')).document as { stages: unknown; out: unknown };
    expect(sealed.stages).toEqual(planned.stages);
    expect(sealed.out).toEqual(planned.out);
  });

  it('knows of stages that take no part, of parameters in files and of --until', async () => {
    const tree = new Tree({
      'p.yaml': `name: again
with: { from: params.yaml }
stages:
  a: { run: "echo \${with.word} > \${out.o}", out: { o: file }, hardware: [arch] }
  b: { run: "cat \${in.o} > \${out.o}", when: "\${with.word} == y", in: { o: a.o }, out: { o: file } }
  c: { run: "cp \${in.o} \${out.o}", in: { o: a.o }, out: { o: file } }
`,
      'params.yaml': 'word: x\n',
    });
    utimesSync(tree.path('p.yaml'), 1e9, 1e9);
    utimesSync(tree.path('params.yaml'), 1e9, 1e9);
    expect(await actions(tree, '--until', 'a')).toEqual(['ran']);
    expect(await actions(tree)).toEqual(['fresh', 'ran', 'skipped']);
    const again = await tree.warren('run', 'p.yaml');
    expect(again.stderr).toBe('nothing to do: 2 fresh, 1 skipped');
    // The lock file that the whole run wrote is new to this call.
    await tree.warren('run', 'p.yaml', '--until', 'a');
    expect((await tree.warren('run', 'p.yaml', '--until', 'a')).stderr).toBe('nothing to do: 1 fresh');
    tree.write('params.yaml', 'word: y\n');
    expect(await actions(tree)).toEqual(['ran', 'ran', 'ran']);
  });

  it('warns of the pipeline file every time', async () => {
    const tree = await ready();
    tree.write('p.yaml', YAML.replace('word: x', 'word: x, spare: 1'));
    const said = [];
    for (let i = 0; i < 3; i++) said.push((await tree.warren('run', 'p.yaml')).stderr);
    const warning = said[0]?.slice(0, said[0].indexOf('Nothing uses with.spare')) ?? '';
    expect(said.every((text) => text.includes('Nothing uses with.spare') && text.startsWith(warning))).toBe(
      true,
    );
    expect(said[2]).toContain('nothing to do: 2 fresh');
    expect((await tree.warren('run', 'p.yaml', '--quiet')).stderr).toBe('');
  });

  const changes: { [name: string]: [(tree: Tree) => void, string[]] } = {
    'an input': [(tree) => tree.write('data.txt', '2\n'), ['ran', 'ran']],
    'an input, with equal size and time': [
      (tree) => {
        writeFileSync(tree.path('data.txt'), '2\n');
        utimesSync(tree.path('data.txt'), 1e9, 1e9);
      },
      ['ran', 'ran'],
    ],
    'a touch': [(tree) => utimesSync(tree.path('data.txt'), new Date(), new Date()), FRESH],
    'a member of a folder': [(tree) => tree.write('folder/one', 'two\n'), ['ran', 'ran']],
    'a new member of a folder': [(tree) => tree.write('folder/two', ''), ['ran', 'fresh']],
    'a renamed member of a folder': [
      (tree) => renameSync(tree.path('folder/one'), tree.path('folder/uno')),
      ['ran', 'fresh'],
    ],
    'the pipeline': [(tree) => tree.write('p.yaml', YAML.replace('word: x', 'word: y')), ['fresh', 'ran']],
    'a comment in the pipeline': [(tree) => appendFileSync(tree.path('p.yaml'), '# why\n'), FRESH],
    'a placed result': [(tree) => tree.write('out/again/b', 'edited'), ['fresh', 'restored']],
    'a placed result that is gone': [
      (tree) => rmSync(tree.path('out'), { recursive: true }),
      ['fresh', 'restored'],
    ],
    'the records of the cache, for which the lock file stands': [
      (tree) => rmSync(tree.path('.warren/cache/actions'), { recursive: true }),
      FRESH,
    ],
    'the records of the cache': [
      (tree) => {
        rmSync(tree.path('.warren/cache/actions'), { recursive: true });
        rmSync(tree.path('p.lock.yaml'));
      },
      ['ran', 'ran'],
    ],
  };
  it.each(Object.keys(changes))('notices %s', async (name) => {
    const tree = await ready();
    expect(await actions(tree)).toEqual(FRESH);
    const [change, expected] = changes[name] as [(tree: Tree) => void, string[]];
    change(tree);
    expect(await actions(tree)).toEqual(expected);
    expect(await actions(tree)).toEqual(FRESH);
  });

  it('is not asked by a call that asks for something else', async () => {
    const tree = await ready();
    expect(await actions(tree, '--with', 'word=y')).toEqual(['fresh', 'ran']);
    expect(await actions(tree, '--force')).toEqual(['ran', 'ran']);
    expect(await actions(tree, 'a')).toEqual(['fresh']);
    expect(await actions(tree)).toEqual(FRESH);
  });
});
