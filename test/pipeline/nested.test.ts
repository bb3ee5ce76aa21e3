import { symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadPipeline } from '../../engine/pipeline/load.ts';
import { renderGraph } from '../../engine/pipeline/render.ts';
import { type Extra, graphOf, load, problemsOf, stageOf, told } from './rig.ts';

const CHILD = `with: { lr: 0.1, seeds: [1, 2] }
in: { rows: ./rows.jsonl, start: null }
stages:
  data: { uses: data, in: { transcripts: in.rows } }
  train:
    uses: train
    matrix: { seed: "\${with.seeds}" }
    in: { records: data.train, model: in.start }
    with: { lr: "\${with.lr}", seed: "\${matrix.seed}" }
out: { best: "train[seed=1].model", all: "train[*].model", rows: data.test, same: in.start }
`;
const children = { 'sub/child.yaml': CHILD };
const files: Extra = { children, files: ['sub/rows.jsonl', 'other.jsonl'] };
const MINE = 'stages:\n  mine: { run: [t], out: { m: model, r: file } }\n';

describe('a pipeline as a stage', () => {
  it('is expanded in place, under its own name, in its own folder', async () => {
    const graph = await graphOf(`${MINE}  c: { uses: ./sub/child.yaml, in: { start: mine.m } }\n`, files);
    expect(graph.stages.map(({ id, name }) => [id, name])).toEqual([
      ['mine', 'mine'],
      ['c/data', 'c/data'],
      ['c/train[seed=1]', 'c/train'],
      ['c/train[seed=2]', 'c/train'],
    ]);
    const train = stageOf(graph, 'c/train[seed=1]');
    expect(train.axes).toEqual({ seed: 1 });
    expect(train.within).toEqual([{ name: 'c', axes: {} }]);
    expect(train.in).toEqual({
      records: { arity: 'one', source: { kind: 'output', stage: 'c/data', output: 'train' } },
      model: { arity: 'one', source: { kind: 'output', stage: 'mine', output: 'm' } },
    });
    expect(train.place).toEqual({ file: 'sub/child.yaml', line: 5, column: 3, length: 5 });
    expect(train.folder).toBe(join(graph.folder, 'sub'));
    expect(stageOf(graph, 'mine').folder).toBeUndefined();
  });

  it("takes its own defaults, relative to its own file, and its parent's where they are given", async () => {
    const text = `with: { lr: 0.5 }\nstages:
  a: { uses: ./sub/child.yaml, with: { seeds: [1, 7] } }
  b: { uses: ./sub/child.yaml, in: { rows: ./other.jsonl }, with: { seeds: [1, 7], lr: "\${with.lr}" } }\n`;
    const graph = await graphOf(text, files);
    const [a, b] = ['a', 'b'].map((name) => ({
      lr: stageOf(graph, `${name}/train[seed=7]`).with['lr'],
      rows: stageOf(graph, `${name}/data`).in['transcripts'],
    }));
    const from = (path: string, shown: string) => ({
      arity: 'one',
      source: { kind: 'file', path: join(graph.folder, path), shown },
    });
    expect(a).toEqual({ lr: 0.1, rows: from('sub/rows.jsonl', './rows.jsonl') });
    expect(b).toEqual({ lr: 0.5, rows: from('other.jsonl', './other.jsonl') });
  });

  it('gives its out: one value, a group, an input that it passes on, or nothing', async () => {
    const text = `${MINE}  c: { uses: ./sub/child.yaml, in: { start: mine.m } }
  d: { uses: ./sub/child.yaml }
  e: { uses: evaluate, in: { models: { one: c.best, many: c.all }, prompts: c.rows } }
  f: { uses: evaluate, in: { models: c.all, prompts: d.rows, extra: c.same } }
  t: { uses: train, in: { records: c.rows, model: d.same }, with: { lr: 1 } }
`;
    const graph = await graphOf(text, files);
    const model = (seed: number) => ({ kind: 'output', stage: `c/train[seed=${seed}]`, output: 'model' });
    expect(stageOf(graph, 'e').in['models']).toEqual({
      arity: 'many',
      form: 'map',
      items: [
        ['many[seed=1]', model(1)],
        ['many[seed=2]', model(2)],
        ['one', model(1)],
      ],
    });
    expect(stageOf(graph, 'f').in['models']).toEqual({
      arity: 'many',
      form: 'group',
      items: [
        ['seed=1', model(1)],
        ['seed=2', model(2)],
      ],
    });
    expect(stageOf(graph, 'f').in['extra']).toEqual({
      arity: 'one',
      source: { kind: 'output', stage: 'mine', output: 'm' },
    });
    expect(Object.keys(stageOf(graph, 't').in)).toEqual(['records']);
  });

  it('fans out under matrix:, and a group of groups is one group', async () => {
    const text = `stages:
  c: { uses: ./sub/child.yaml, matrix: { lr: [0.1, 1.0e-7] }, with: { lr: "\${matrix.lr}" } }
  e: { uses: evaluate, in: { models: "c[*].all", prompts: "c[lr=0.1].rows" } }
  s: { uses: train, matrix: c, in: { records: c.rows, model: c.best }, with: { lr: "\${matrix.lr}" } }
`;
    const graph = await graphOf(text, files);
    const { models } = stageOf(graph, 'e').in;
    expect(models?.arity === 'many' && models.items.map(([label]) => label)).toEqual([
      'lr=0.1,seed=1',
      'lr=0.1,seed=2',
      'lr=1.0e-07,seed=1',
      'lr=1.0e-07,seed=2',
    ]);
    expect(stageOf(graph, 's[lr=1.0e-07]').in['records']).toMatchObject({
      source: { stage: 'c[lr=1.0e-07]/data' },
    });
    expect(stageOf(graph, 'c[lr=0.1]/train[seed=2]').axes).toEqual({ seed: 2 });
    expect(renderGraph(graph, 'text')).toContain('c[lr]/train[seed] x4');
    expect(renderGraph(graph, 'dot')).toContain('"c/train" -> "e"');
  });

  it('may hold others', async () => {
    const middle =
      'in: { r: null }\nstages: { c: { uses: ./child.yaml, in: { rows: in.r } } }\nout: { best: c.best }\n';
    const graph = await graphOf(
      'stages: { m: { uses: ./sub/middle.yaml, in: { r: ./other.jsonl } }, t: { run: [t, "${in.x}"], in: { x: m.best/config.json } } }',
      { ...files, children: { ...children, 'sub/middle.yaml': middle } },
    );
    expect(stageOf(graph, 'm/c/data').in['transcripts']).toMatchObject({
      source: { shown: './other.jsonl' },
    });
    expect(stageOf(graph, 'm/c/data').within).toHaveLength(2);
    expect(stageOf(graph, 't').in['x']).toMatchObject({
      source: { stage: 'm/c/train[seed=1]', subpath: 'config.json' },
    });
  });

  it('keeps groups of one name apart: each instance comes after its own members', async () => {
    const child = `stages:
  last: { run: [t], in: { x: "first[*].o" }, out: { o: file } }
  first: { run: [t, "\${matrix.k}"], matrix: { k: [1, 2] }, out: { o: file } }
out: { o: last.o }\n`;
    const graph = await graphOf('stages: { c: { uses: ./c.yaml }, d: { uses: ./c.yaml } }', {
      children: { 'c.yaml': child },
    });
    expect(graph.stages.map(({ id }) => id)).toEqual(
      ['c', 'd'].flatMap((name) => [`${name}/first[k=1]`, `${name}/first[k=2]`, `${name}/last`]),
    );
  });

  it('lists every file that was read', async () => {
    const loaded = await load(
      'stages: { a: { uses: ./sub/child.yaml }, b: { uses: ./sub/child.yaml } }',
      files,
    );
    expect(loaded.ok && loaded.value.files.map(({ path }) => path.split('/').slice(-2).join('/'))).toEqual([
      expect.stringMatching(/\/p\.yaml$/),
      'sub/child.yaml',
    ]);
  });

  it('is set from outside: --set child/stage.param and --set child.param', async () => {
    const set = { 'c/train.schedule': 'linear', 'c.lr': 0.3 };
    const graph = await graphOf('stages: { c: { uses: ./sub/child.yaml }, d: { uses: ./sub/child.yaml } }', {
      ...files,
      set,
    });
    const shown = ['c', 'd'].map((name) => {
      const { lr, schedule } = stageOf(graph, `${name}/train[seed=1]`).with;
      return [lr, schedule];
    });
    expect(shown).toEqual([
      [0.3, 'linear'],
      [0.1, 'cosine'],
    ]);
  });

  it('shares named tokens with its parent, whose number counts, and takes part as a whole', async () => {
    const tokens = (count: number) =>
      `limits: { api: ${count} }\nstages: { s: { run: [t], limits: [api], in: { x: ./gone.txt, y: in.y }, out: { o: file } } }\nin: { y: ./rows.jsonl }\nout: { o: s.o }\n`;
    const text = `limits: { api: 1 }\nwith: { on: false }\nstages:
  c: { uses: ./c.yaml, when: "\${with.on}", in: { y: ./gone.txt } }
  t: { run: [t], in: { x: [c.o, ./rows.jsonl] } }\n`;
    const graph = await graphOf(text, { children: { 'c.yaml': tokens(4) } });
    expect(graph.limits).toEqual({ api: 1 });
    expect(graph.stages.map(({ id }) => id)).toEqual(['t']);
    expect(graph.leftOut).toMatchObject([{ id: 'c/s', missedBy: ['t.x'] }]);
    const two = 'stages: { c: { uses: ./c.yaml }, d: { uses: ./d.yaml } }';
    const conflict = {
      files: ['gone.txt', 'rows.jsonl'],
      children: { 'c.yaml': tokens(4), 'd.yaml': tokens(5) },
    };
    expect(await told(two, conflict)).toEqual(['conflicting-limits d.yaml:1:11 api']);
  });
});

describe('what is wrong with a pipeline as a stage', () => {
  const uses = (word: string) => `stages:\n  c: { uses: "${word}" }\n`;
  it.each([
    ['https', uses('https://example.org/p.yaml'), 'remote-uses 2:14 "https://example.org/p.yaml"'],
    ['git', uses('git+ssh://example.org/p'), 'remote-uses 2:14 "git+ssh://example.org/p"'],
    ['git@', uses('git@example.org:p'), 'remote-uses 2:14 "git@example.org:p"'],
    ['npm', uses('npm:p'), 'remote-uses 2:14 "npm:p"'],
    ['above the project', uses('../p.yaml'), 'path-escapes 2:14 "../p.yaml"'],
    ['anywhere', uses('/etc/p.yaml'), 'path-escapes 2:14 "/etc/p.yaml"'],
    ['no ./', uses('sub/child.yaml'), 'bad-reference 2:14 "sub/child.yaml"'],
    ['no such file', uses('./sub/chld.yaml'), 'missing-pipeline 2:14 "./sub/chld.yaml"'],
    ['itself', uses('./p.yaml'), 'cycle 2:14 "./p.yaml"'],
    [
      'keys of tasks',
      'stages:\n  c: { uses: ./sub/child.yaml, env: { A: 1 }, resources: { cpus: 1 } }\n',
      'not-for-pipelines 2:32 env',
    ],
    [
      'an output',
      'stages:\n  c: { uses: ./sub/child.yaml, out: { o: file } }\n',
      'not-for-pipelines 2:32 out',
    ],
    [
      'a parameter',
      'stages:\n  c: { uses: ./sub/child.yaml, with: { rl: 1 } }\n',
      'unknown-parameter 2:40 rl',
    ],
    [
      'an input',
      'stages:\n  c: { uses: ./sub/child.yaml, in: { row: ./other.jsonl } }\n',
      'unknown-input 2:38 row',
    ],
    [
      'an output that it has not',
      'stages:\n  c: { uses: ./sub/child.yaml }\nout: { o: c.bst }\n',
      'undefined-reference 3:11 c.bst',
    ],
    [
      'a file where it takes a model',
      'stages:\n  c: { uses: ./sub/child.yaml, in: { start: ./other.jsonl } }\n',
      'wrong-artifact-type 2:45 ./other.jsonl',
    ],
    [
      'rows where it takes a model',
      'stages:\n  c: { uses: ./sub/child.yaml, in: { start: b.rows } }\n  b: { uses: ./sub/child.yaml }\n',
      'wrong-artifact-type 2:45 b.rows',
    ],
    [
      'several where it takes one',
      'stages:\n  c: { uses: ./sub/child.yaml, in: { start: b.all } }\n  b: { uses: ./sub/child.yaml }\n',
      'wrong-arity 2:45 b.all',
    ],
    [
      'a model where rows are taken',
      'stages:\n  b: { uses: ./sub/child.yaml }\n  t: { uses: train, in: { records: b.best }, with: { lr: 1 } }\n',
      'wrong-artifact-type 3:36 b.best',
    ],
    [
      'a needed one that is null',
      'stages:\n  c: { uses: ./sub/child.yaml, in: { rows: null } }\n',
      'missing-input 2:44 null',
    ],
    [
      'a value',
      'stages:\n  c: { uses: ./sub/child.yaml, with: { lr: -1 } }\n',
      'out-of-range sub/child.yaml:9:17 "${with.lr}"',
    ],
  ])('%s', async (_, text, expected) => {
    expect((await told(text, files))[0]).toBe(expected);
  });

  it('is told where it can be mended, with what it is used for', async () => {
    const text = `${MINE}  m: { uses: ./m.yaml, in: { start: mine.r } }\n`;
    const middle = 'in: { start: null }\nstages:\n  c: { uses: ./sub/child.yaml, in: { start: in.start } }\n';
    const [first, ...others] = await problemsOf(text, {
      ...files,
      children: { ...children, 'm.yaml': middle },
    });
    expect(others).toEqual([]);
    expect(first).toMatchObject({
      message: 'Input "model" of "train" takes model, but mine.r is file.',
      place: { file: 'p.yaml', line: 3, column: 37 },
      related: [{ message: 'used here, as in.start', place: { file: 'sub/child.yaml', line: 8 } }],
    });
  });

  it('names an input that is missing in the parent', async () => {
    const [first] = await problemsOf('stages:\n  c: { uses: ./c.yaml, in: {} }\n', {
      children: { 'c.yaml': 'in: { x: null }\nstages: { s: { uses: data, in: { transcripts: in.x } } }\n' },
    });
    expect(first).toMatchObject({
      code: 'missing-input',
      message: 'The stage "c" needs the input "x".',
      place: { file: 'p.yaml', line: 2, column: 24 },
      related: [{ place: { file: 'c.yaml' } }],
    });
  });

  it('is told once, in its own file, however often it is used', async () => {
    const broken = CHILD.replace('records: data.train', 'records: dat.train');
    const text =
      'stages:\n  a: { uses: ./c.yaml, matrix: { lr: [1, 2, 3] }, with: { lr: "${matrix.lr}" } }\n  b: { uses: ./c.yaml }\n';
    expect(await told(text, { children: { 'c.yaml': broken } })).toEqual([
      'undefined-reference c.yaml:8:20 dat.train',
    ]);
    expect(await told(text, { children: { 'c.yaml': 'stages: [' } })).toEqual(['yaml-syntax c.yaml:1:10 ']);
  });

  it('circles: of files, of stages, of values that are passed on', async () => {
    const chain = {
      'a.yaml': 'stages:\n  b: { uses: ./b.yaml }\n',
      'b.yaml': 'stages:\n  a: { uses: ./a.yaml }\n',
    };
    const [files] = await problemsOf('stages: { a: { uses: ./a.yaml } }', { children: chain });
    expect(files?.message).toBe('These pipelines use each other in a circle: a.yaml -> b.yaml -> a.yaml.');
    const one = {
      'c.yaml':
        'in: { x: null }\nstages: { s: { run: [t], in: { x: in.x }, out: { o: file } } }\nout: { o: s.o, x: in.x }\n',
    };
    const [stages] = await problemsOf(
      'stages:\n  c: { uses: ./c.yaml, in: { x: t.o } }\n  t: { run: [t], in: { x: c.o }, out: { o: file } }\n',
      { children: one },
    );
    expect(stages).toMatchObject({ code: 'cycle', message: expect.stringContaining('c/s -> t -> c/s') });
    const values =
      'stages:\n  c: { uses: ./c.yaml, in: { x: d.x } }\n  d: { uses: ./c.yaml, in: { x: c.x } }\n';
    expect(await told(values, { children: one })).toEqual(['cycle 2:33 d.x']);
  });

  it('depth: sixteen levels are the most', async () => {
    const level = (i: number) =>
      i === 0 ? 'stages: { s: { run: [t] } }' : `stages: { c: { uses: ./l${i - 1}.yaml } }`;
    const levels = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`l${i}.yaml`, level(i)]));
    const graph = await graphOf(level(16), { children: levels });
    expect(graph.stages.map(({ id }) => id)).toEqual([`${'c/'.repeat(16)}s`]);
    for (const i of [17, 40]) {
      expect((await told(level(i), { children: levels }))[0]).toMatch(/^too-deep /);
    }
    // A file that is known from a short way is too deep on a longer one.
    expect(
      (
        await told(`${level(17).replace(' }', ', d: { uses: ./l3.yaml } }').replace('c:', 'e:')}`, {
          children: levels,
        })
      )[0],
    ).toMatch(/^too-deep /);
  });

  it('more instances than there may be, all levels together', async () => {
    const many = `matrix: { a: [${[...Array(60_000).keys()]}] }`;
    const child = `with: { a: 0 }\nstages:\n  s: { run: [t, "\${with.a}", "\${matrix.a}"], ${many} }\n`;
    const text = `stages:\n  c: { uses: ./c.yaml, with: { a: "\${matrix.a}" }, ${many} }\nout: { o: c.o }\n`;
    const wrong = await told(text, { children: { 'c.yaml': `${child}out: { o: "s[*].o" }\n` } });
    expect(wrong).toEqual(['too-many-stages c.yaml:3:3 s']);
  });

  it('a link that leads out of the project', async () => {
    const graph = await graphOf(MINE);
    const folder = join(graph.folder, 'project');
    const outside = join(graph.folder, 'child.yaml');
    writeFileSync(outside, CHILD);
    const { mkdirSync } = await import('node:fs');
    mkdirSync(folder);
    writeFileSync(join(folder, 'p.yaml'), 'stages: { c: { uses: ./link.yaml } }');
    symlinkSync(outside, join(folder, 'link.yaml'));
    const loaded = await loadPipeline('p.yaml', { with: {}, in: {}, set: {}, cwd: folder });
    expect(loaded.ok ? [] : loaded.error.map(({ code }) => code)).toEqual(['path-escapes']);
    expect(dirname(outside)).toBe(graph.folder);
  });

  it.each([
    ['c/trian.lr', 'unknown-stage'],
    ['x/train.lr', 'unknown-stage'],
    ['c[seed=1]/train.lr', 'unknown-stage'],
    ['mine/train.lr', 'unknown-stage'],
    ['c/train', 'bad-option'],
    ['c/train.rl', 'unknown-key'],
    ['c.rl', 'unknown-parameter'],
  ])('--set %s', async (name, code) => {
    const text = `${MINE}  c: { uses: ./sub/child.yaml }\n`;
    expect((await problemsOf(text, { ...files, set: { [name]: 1 } })).map((one) => one.code)).toContain(code);
  });
});

it('warns of faces of a child that nothing uses', async () => {
  const child = 'with: { a: 1, b: 2 }\nin: { x: ./rows.jsonl }\nstages: { s: { run: [t, "${with.a}"] } }\n';
  const loaded = await load('stages: { c: { uses: ./c.yaml }, d: { uses: ./c.yaml } }', {
    children: { 'c.yaml': child },
  });
  expect(loaded.ok && loaded.value.warnings.map(({ code, place }) => `${code} ${place?.file}`)).toEqual([
    'unused-parameter c.yaml',
    'unused-input c.yaml',
  ]);
});
