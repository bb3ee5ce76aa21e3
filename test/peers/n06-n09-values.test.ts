import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadPipeline } from '../../engine/pipeline/load.ts';
import { type Workshop, workshop } from '../rigs/workshop.ts';

async function keyOf(w: Workshop, yaml: string): Promise<string> {
  w.write('p.yaml', yaml);
  return String((await w.plan()).stages[0]?.key);
}

describe('N6: values that look alike', () => {
  const one = (value: string): string =>
    `stages: { s: { run: "echo > \${out.o}", with: { v: ${value} }, out: { o: file } } }\n`;
  const axis = (values: string): string =>
    `stages: { s: { run: [t, "\${matrix.a}"], matrix: { a: [${values}] }, out: { o: file } } }\n`;

  it('have keys of their own; 1 and 1.0 are one number', async () => {
    const w = workshop({});
    const values = [
      '[ab, c]',
      '[a, bc]',
      '1',
      '"1"',
      'true',
      '"true"',
      'null',
      '"null"',
      '""',
      '[]',
      '{}',
      '[[]]',
      '1e-7',
      '0',
    ];
    const keys = await Promise.all(values.map((value) => keyOf(workshop({}), one(value))));
    expect(new Set(keys).size).toBe(values.length);
    expect(await keyOf(w, one('1.0'))).toBe(await keyOf(w, one('1')));
    expect(await keyOf(w, one('-0.0'))).toBe(await keyOf(w, one('0')));
    const axes = await Promise.all(
      ['1', '"1"', 'true', '"true"', 'null'].map((value) => keyOf(workshop({}), axis(value))),
    );
    expect(new Set(axes).size).toBe(5);
  });

  it('a file name with a newline is one name', async () => {
    const yaml = 'stages: { s: { run: "ls ${in.d} > ${out.o}", in: { d: ./d }, out: { o: file } } }\n';
    const keys: string[] = [];
    for (const names of [['a\nb'], ['a', 'b'], ['a', 'b\n'], ['a\n', 'b'], ['a b']]) {
      const w = workshop({});
      mkdirSync(w.path('d'));
      for (const name of names) writeFileSync(w.path(`d/${name}`), '');
      keys.push(await keyOf(w, yaml));
      expect((await w.run()).result.outcome).toBe('done');
    }
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('N7: matrix values that join to one name', () => {
  it('are an error that shows both', async () => {
    const w = workshop({
      'p.yaml': 'stages:\n  s:\n    run: [t, "${matrix.a}"]\n    matrix: { a: [1, 2, 1.0] }\n',
    });
    const loaded = await loadPipeline('p.yaml', { with: {}, in: {}, set: {}, cwd: w.root });
    expect(loaded).toMatchObject({
      ok: false,
      error: [
        {
          code: 'duplicate-instance',
          message: 'Two instances would be named [a=1].',
          place: { line: 4, column: 25 },
          related: [{ place: { line: 4, column: 19 } }],
        },
      ],
    });
  });

  it('are quoted where joining them would make them one', async () => {
    const w = workshop({
      'p.yaml':
        'stages:\n  s:\n    run: [t, "${matrix.a}", "${matrix.b}"]\n    matrix: { a: [x, "x,b=y"], b: [y, "y,b=y"] }\n',
    });
    const ids = (await w.graph()).stages.map(({ id }) => id);
    expect(ids).toEqual(['s[a=x,b=y]', 's[a=x,b="y,b=y"]', 's[a="x,b=y",b=y]', 's[a="x,b=y",b="y,b=y"]']);
  });
});

describe('N8: the order of a matrix', () => {
  it('reruns nothing, whether of maps, scalars or axes', async () => {
    const yaml = (m: string, n: string, axes: (m: string, n: string) => string): string =>
      `name: order\nstages:\n  s:\n    run: "echo \${matrix.m.k} \${matrix.n} > \${out.o}"\n    matrix: { ${axes(m, n)} }\n    out: { o: file }\n  all: { run: "cat \${in.s}/* > \${out.o}", in: { s: "s[*].o" }, out: { o: file } }\nout: { all: all.o }\n`;
    const forwards = (m: string, n: string): string => `m: [${m}], n: [${n}]`;
    const w = workshop({ 'p.yaml': yaml('{ id: a, k: 1 }, { id: b, k: 2 }', '3, 4', forwards) });
    await w.run();
    const first = w.read('out/order/all');
    for (const [m, n, axes] of [
      ['{ id: b, k: 2 }, { id: a, k: 1 }', '3, 4', forwards],
      ['{ k: 2, id: b }, { id: a, k: 1 }', '4, 3', forwards],
      ['{ id: a, k: 1 }, { id: b, k: 2 }', '4, 3', (a: string, b: string) => `n: [${b}], m: [${a}]`],
    ] as const) {
      w.write('p.yaml', yaml(m, n, axes));
      const { actions } = await w.run();
      const ran = Object.entries(actions).filter(([id, action]) => action === 'ran' && id !== 'all');
      expect(ran).toEqual([]);
      // Another order of the axes is another name of each instance, and the same work.
      if (axes === forwards) expect(w.read('out/order/all')).toBe(first);
    }
  });
});

describe('N9: `lr: 1e-5` on its way to a stage', () => {
  /** The implicit resolver of floats in PyYAML. */
  const YAML_11_FLOAT =
    /^(?:[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?)$/;

  it('is a float to a JSON reader and to a reader of YAML 1.1', async () => {
    const w = workshop({
      'p.yaml':
        'name: lr\nstages:\n  s:\n    run: "cp $WARREN_PARAMS ${out.p}; echo ${with.lr} ${with.small} ${with.large} > ${out.w}"\n    with: { lr: 1e-5, small: 1.0e-07, large: 1e22 }\n    out: { p: file, w: file }\nout: { p: s.p, w: s.w }\n',
    });
    expect((await w.run()).result.outcome).toBe('done');
    const text = w.read('out/lr/p');
    expect(JSON.parse(text)).toEqual({ lr: 1e-5, small: 1e-7, large: 1e22 });
    const written = [...text.matchAll(/: ([^,}]+)/g)].map(([, number = '']) => number);
    for (const number of [...written, ...w.read('out/lr/w').trim().split(' ')])
      expect(number).toMatch(YAML_11_FLOAT);
    const python = spawnSync(
      'python3',
      ['-c', 'import sys, yaml; print([type(v).__name__ for v in yaml.safe_load(sys.stdin).values()])'],
      { input: text, encoding: 'utf8' },
    );
    // Where PyYAML is at hand it has the last word.
    if (python.status === 0) expect(python.stdout.trim()).toBe("['float', 'float', 'float']");
  });
});
