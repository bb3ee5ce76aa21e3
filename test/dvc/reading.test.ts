import { describe, expect, it } from 'vitest';
import { commandsOf, faultsOf, firstFault, graphOf, loaded } from './rig.ts';

describe('a dvc.yaml', () => {
  it('with everything that DVC knows is read', async () => {
    const { graph, warnings } = await loaded({
      'params.yaml': 'lr: 0.5\nnet: { depth: 3, sizes: [1, 2] }\nother: 1\n',
      'conf/x.json': '{"k": [1, {"z": true}], "l": 2}',
      'src/train.py': '',
      'raw.csv': '',
      'dvc.yaml': `
vars: [{ who: me }]
stages:
  prepare:
    desc: clean
    cmd: [echo one, echo two]
    deps: [raw.csv]
    outs: [data/clean]
    meta: { anything: [1] }
  train:
    wdir: src
    cmd: |
      echo \${who}

      echo done
    deps: [train.py, ../data/clean/part.csv, ../data/clean]
    params: [lr.x, {../params.yaml: [net.depth, net.sizes.1]}, ../conf/x.json: ]
    outs:
      - model.bin: { desc: d, type: t, labels: [l], meta: { a: 1 }, remote: r, push: false, persist: true }
    metrics: [m.json: { cache: false }]
    plots: [p.csv: { x: a, y: b, template: linear }, q.csv: [{ x: a }, { x: b }]]
  look: { cmd: x, frozen: true, deps: [nowhere], outs: [raw2] }
  each: { cmd: x, always_changed: true, deps: [raw.csv] }
params: [params.yaml]
metrics: [src/m.json]
plots: [src/p.csv, { all: { x: a, y: { src/p.csv: b } } }]
artifacts: { model: { path: src/model.bin, type: model } }
`.replace('lr.x, ', ''),
    });
    expect(warnings).toEqual([]);
    const [prepare, train, look, each] = graph.stages;
    expect(prepare).toMatchObject({ id: 'prepare', desc: 'clean', cache: true });
    expect(Object.keys(prepare?.in ?? {})).toEqual(['raw.csv']);
    expect(train?.in).toEqual({
      'src/train.py': {
        arity: 'one',
        source: expect.objectContaining({ kind: 'file', shown: 'src/train.py' }),
      },
      'data/clean/part.csv': {
        arity: 'one',
        source: { kind: 'output', stage: 'prepare', output: 'data/clean', subpath: 'part.csv' },
      },
      'data/clean': { arity: 'one', source: { kind: 'output', stage: 'prepare', output: 'data/clean' } },
    });
    expect(train?.with).toEqual({
      'params.yaml:net.depth': 3,
      'params.yaml:net.sizes.1': 2,
      'conf/x.json:k': [1, { z: true }],
      'conf/x.json:l': 2,
    });
    expect(train?.workspace).toMatchObject({
      from: 'src',
      restorable: false,
      outs: {
        'src/model.bin': { kept: true, persist: true },
        'src/m.json': { kept: true, persist: false },
        'src/p.csv': { kept: true },
        'src/q.csv': { kept: true },
      },
    });
    expect(look).toMatchObject({ in: {}, cache: true, workspace: { frozen: true } });
    expect(each?.cache).toBe(false);
  });

  it('runs each line of a text and each item of a list by itself', async () => {
    const files = {
      'dvc.yaml':
        'stages:\n  a:\n    cmd: |\n      one\n\n      two\n  b: { cmd: [x, "y\\nz"] }\n  c:\n    cmd: >\n      a\n      b\n',
    };
    expect(await commandsOf(files)).toEqual({ a: ['one', 'two'], b: ['x', 'y\nz'], c: 'a b' });
  });

  it('a stage that names nothing runs every time; one with parameters does not', async () => {
    const graph = await graphOf({
      'params.yaml': 'a: 1\n',
      'dvc.yaml': 'stages:\n  a: { cmd: x }\n  b: { cmd: x, params: [a] }\n  c: { cmd: x, outs: [o] }\n',
    });
    expect(graph.stages.map(({ id, cache }) => [id, cache])).toEqual([
      ['a', false],
      ['b', true],
      ['c', true],
    ]);
  });

  it('a folder in which stages write is what is left of it, and their outputs', async () => {
    const graph = await graphOf({
      'data/own.txt': '',
      'dvc.yaml': 'stages:\n  all: { cmd: x, deps: [data] }\n  a: { cmd: x, outs: [data/a.txt] }\n',
    });
    expect(graph.stages.map(({ id }) => id)).toEqual(['a', 'all']);
    expect(graph.stages[1]?.in['data']).toMatchObject({
      arity: 'many',
      items: [
        ['', { kind: 'file', without: [expect.stringMatching(/data\/a\.txt$/)] }],
        ['data/a.txt', { kind: 'output', stage: 'a' }],
      ],
    });
  });

  it('parameters that a stage writes are an input', async () => {
    const graph = await graphOf({
      'dvc.yaml': 'stages:\n  b: { cmd: x, params: [best.json: [lr]] }\n  a: { cmd: x, outs: [best.json] }\n',
    });
    expect(graph.stages[1]).toMatchObject({
      id: 'b',
      with: {},
      in: { 'best.json': { source: { stage: 'a' } } },
    });
  });

  it('everything that is wrong is told at once', async () => {
    const faults = await faultsOf({
      'dvc.yaml': `stages:
  a: { cmd: x, dep: [y] }
  b: { cmd: [], outs: z }
  c: { deps: [] }
  d.e: { cmd: x }
  f: { cmd: x, deps: [gone, "s3://b/k"], params: [lr], wdir: nowhere }
  g: { cmd: " ", outs: [o: { cache: yes, keep: true }] }
more: 1
`,
    });
    expect(faults).toEqual([
      'unknown-key 2:16',
      'out-of-range 3:13',
      'wrong-type 3:23',
      'missing-key 4:3',
      'bad-name 5:3',
      'missing-file 6:23',
      'not-supported-yet 6:29',
      'missing-file 6:51',
      'missing-folder 6:62',
      'wrong-type 7:37',
      'unknown-key 7:42',
      'unknown-key 8:1',
    ]);
  });

  it.each([
    ['stages:\n  a: { cmd: x, outs: [o] }\n  b: { cmd: x, outs: [o] }\n', 'duplicate-output 3:23'],
    ['stages:\n  a: { cmd: x, outs: [o], metrics: [./o] }\n', 'duplicate-output 2:37'],
    ['stages:\n  a: { cmd: x, outs: [o] }\n  b: { cmd: x, outs: [o/p] }\n', 'overlapping-outputs 3:23'],
    ['stages:\n  a: { cmd: x, outs: [../o] }\n', 'path-escapes 2:23'],
    ['stages:\n  a: { cmd: x, outs: [.] }\n', 'path-escapes 2:23'],
    ['stages:\n  a: { cmd: x, outs: [.git/o] }\n', 'bad-output 2:23'],
    ['stages:\n  a: { cmd: x, outs: ["s3://b/o"] }\n', 'not-supported-yet 2:23'],
    ['stages:\n  a: { cmd: x, deps: [o], outs: [o] }\n', 'cycle 2:23'],
    ['stages:\n  a: { cmd: x, deps: [d], outs: [d/o] }\n', 'cycle 2:23'],
    ['stages:\n  a: { cmd: x, deps: [p], outs: [o] }\n  b: { cmd: x, deps: [o], outs: [p] }\n', 'cycle 2:23'],
    ['stages:\n  a: { cmd: x, params: [lr] }\n', 'missing-file 2:25'],
    ['datasets: []\nstages:\n  a: { cmd: x }\n', 'not-supported-yet 1:1'],
    ['stages: {}\n', 'no-stages 1:1'],
    ['[]', 'wrong-type 1:1'],
    ['stages:\n  a: { cmd: "${" }\n  b: { cmd: *x }\n', 'unknown-alias 3:13'],
  ])('%j: %s', async (text, fault) => {
    expect(await faultsOf({ 'dvc.yaml': text })).toEqual([fault]);
  });

  it('a missing file that DVC keeps is told with the command that brings it', async () => {
    const fault = await firstFault({
      'data.dvc': 'outs: []',
      'dvc.yaml': 'stages:\n  a: { cmd: x, deps: [data/sub/x.csv] }\n',
    });
    expect(fault).toMatchObject({ code: 'missing-file', hint: 'DVC keeps it: dvc pull ../../data.dvc' });
  });

  it('an unknown parameter is told with a near one', async () => {
    const fault = await firstFault({
      'params.yaml': 'rate: 1\n',
      'dvc.yaml': 'stages:\n  a: { cmd: x, params: [rat] }\n',
    });
    expect(fault).toMatchObject({ code: 'unknown-parameter', hint: 'did you mean "rate"?' });
  });

  it('numbers, booleans and null may be keys', async () => {
    const graph = await graphOf({
      'params.yaml': 'names: { 0: cat, 1: dog, true: yes }\n',
      'dvc.yaml': 'stages:\n  a: { cmd: "x ${names.0}", params: [names] }\n',
    });
    expect(graph.stages[0]?.with).toEqual({ names: { 0: 'cat', 1: 'dog', true: 'yes' } });
  });
});
