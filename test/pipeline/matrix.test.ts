import { describe, expect, it } from 'vitest';
import { graphOf, load, problemsOf, stageOf, told } from './rig.ts';

const run = '[t, "${matrix.a}", "${out.o}"], out: { o: file }';
const ids = async (matrix: string, top = '') =>
  (await graphOf(`${top}stages:\n  s: { matrix: ${matrix}, run: ${run} }\n`)).stages.map((stage) => stage.id);

describe('instances', () => {
  it('are named by value, in the order written', async () => {
    expect(await ids('{ a: [2, "2", true, null, 1e-7, 0.00001, "a b", x.y, "null", "*"] }')).toEqual([
      's[a=2]',
      's[a="2"]',
      's[a=true]',
      's[a=null]',
      's[a=1.0e-07]',
      's[a=0.00001]',
      's[a="a b"]',
      's[a=x.y]',
      's[a="null"]',
      's[a="*"]',
    ]);
  });

  it('come from one value, a parameter, an id', async () => {
    expect(await ids('{ a: 1 }')).toEqual(['s[a=1]']);
    expect(await ids('{ a: "${with.seeds}" }', 'with: { seeds: [1, 2] }\n')).toEqual(['s[a=1]', 's[a=2]']);
    expect(await ids('{ a: [{ id: small, n: 1 }, { id: 2, n: 5 }] }')).toEqual(['s[a=small]', 's[a=2]']);
  });

  it('are the product, less exclude, plus include', async () => {
    const text = `stages:\n  s:\n    matrix: { a: [1, 2], b: [x, y], exclude: [{ a: 2, b: x }], include: [{ a: 9, b: z }] }\n    run: [t, "\${matrix.a}", "\${matrix.b}"]\n`;
    const graph = await graphOf(text);
    expect(graph.stages.map((stage) => stage.id)).toEqual([
      's[a=1,b=x]',
      's[a=1,b=y]',
      's[a=2,b=y]',
      's[a=9,b=z]',
    ]);
    expect(stageOf(graph, 's[a=9,b=z]').axes).toEqual({ a: 9, b: 'z' });
  });

  it('share the axes of another stage, and align with it by name', async () => {
    const graph = await graphOf(
      `stages:\n  u: { matrix: s, run: [t, "\${in.x}"], in: { x: s.o } }\n  s: { matrix: { a: [1, 2] }, run: ${run} }\n`,
    );
    expect(graph.stages.map((stage) => stage.id)).toEqual(['s[a=1]', 'u[a=1]', 's[a=2]', 'u[a=2]']);
    expect(stageOf(graph, 'u[a=2]').in['x']).toEqual({
      arity: 'one',
      source: { kind: 'output', stage: 's[a=2]', output: 'o' },
    });
  });

  it('use members of a map', async () => {
    const graph = await graphOf(
      'stages:\n  s: { matrix: { a: [{ id: x, n: [4, 5] }] }, run: [t], with: { n: "${matrix.a.n}", m: "n-${matrix.a.n.1}" } }\n',
    );
    expect(graph.stages[0]?.with).toEqual({ n: [4, 5], m: 'n-5' });
  });
});

const one = (matrix: string) => `stages:\n  s: { matrix: ${matrix}, run: ${run} }\n`;
describe('a matrix', () => {
  it.each([
    ['a value twice', one('{ a: [1, 1.0] }'), ['duplicate-instance 2:25 1.0']],
    [
      'an id twice',
      one('{ a: [{ id: x, n: 1 }, { id: x, n: 2 }] }'),
      ['duplicate-instance 2:39 { id: x, n: 2 }'],
    ],
    [
      'an included combination twice',
      one('{ a: [1], include: [{ a: 1 }] }'),
      ['duplicate-instance 2:36 { a: 1 }'],
    ],
    ['no id', one('{ a: [{ n: 1 }] }'), ['missing-id 2:22 { n: 1 }']],
    ['a list as value', one('{ a: [[1, 2]] }'), ['missing-id 2:22 [1, 2]']],
    ['an axis that is never used', one('{ a: [1], b: [2] }'), ['unused-axis 2:26 b']],
    ['no values', one('{ a: [] }'), ['empty-matrix 2:21 []']],
    ['everything excluded', one('{ a: [1], exclude: [{ a: 1 }] }'), ['empty-matrix 2:8 matrix']],
    ['an unknown axis to exclude', one('{ a: [1], exclude: [{ aa: 1 }] }'), ['unknown-axis 2:38 aa']],
    ['an included row that lacks an axis', one('{ a: [1], include: [{}] }'), ['missing-axis 2:36 {}']],
    ['the name of no stage', one('ss'), ['unknown-stage 2:16 ss']],
    ['the name of itself', one('s'), ['cycle 2:16 s']],
    [
      'too many',
      one(
        `{ a: [${Array.from({ length: 400 }, (_, i) => i)}], b: [${Array.from({ length: 400 }, (_, i) => i)}] }`,
      ),
      ['too-many-stages 2:8 matrix'],
    ],
    ['a bad axis name', one('{ a: [1], 1b: [2] }'), ['bad-name 2:26 1b', 'unused-axis 2:26 1b']],
  ])('refuses %s', async (_, text, expected) => {
    expect(await told(text)).toEqual(expected);
  });

  it('shows both instances of one name', async () => {
    const [problem] = await problemsOf(one('{ a: [1, 2, 1] }'));
    expect(problem).toMatchObject({
      message: 'Two instances would be named [a=1].',
      related: [{ place: { line: 2, column: 22 } }],
    });
  });

  it('warns of an exclude that matches nothing', async () => {
    const loaded = await load(one('{ a: [1], exclude: [{ a: 5 }] }'));
    expect(loaded).toMatchObject({ ok: true, value: { warnings: [{ code: 'unmatched-exclude' }] } });
  });
});

const sweep = (consumer: string) =>
  `stages:\n  s:\n    matrix: { seed: [10, 9], lr: [0.1, 1e-5] }\n    run: [t, "\${matrix.seed}", "\${matrix.lr}"]\n    out: { o: file, m: model }\n${consumer}`;
const bound = async (value: string) =>
  stageOf(await graphOf(sweep(`  c: { run: [t], in: { x: ${value} } }\n`)), 'c').in['x'];
const item = (label: string, stage: string) => [label, { kind: 'output', stage, output: 'o' }];

describe('fan-in', () => {
  it('is a group by label, in code-point order', async () => {
    expect(await bound('"s[*].o"')).toEqual({
      arity: 'many',
      form: 'group',
      items: ['seed=10,lr=0.00001', 'seed=10,lr=0.1', 'seed=9,lr=0.00001', 'seed=9,lr=0.1'].map((label) =>
        item(label, `s[${label}]`),
      ),
    });
  });

  it('takes a part, by value and not by spelling', async () => {
    expect(await bound('"s[ lr=1.0e-5 , seed=* ].o"')).toEqual({
      arity: 'many',
      form: 'group',
      items: [item('seed=10', 's[seed=10,lr=0.00001]'), item('seed=9', 's[seed=9,lr=0.00001]')],
    });
    expect(await bound('"s[seed=9,lr=0.10].o"')).toEqual({
      arity: 'one',
      source: item('', 's[seed=9,lr=0.1]')[1],
    });
  });

  it('keeps its labels in a map and its order in a list', async () => {
    expect(await bound('{ z: "s[seed=9,*].o", a: "s[seed=9,lr=0.1].o" }')).toEqual({
      arity: 'many',
      form: 'map',
      items: [
        item('a', 's[seed=9,lr=0.1]'),
        item('z[lr=0.00001]', 's[seed=9,lr=0.00001]'),
        item('z[lr=0.1]', 's[seed=9,lr=0.1]'),
      ],
    });
    expect(await bound('["s[seed=9,lr=0.1].o", "s[seed=10,*].o"]')).toMatchObject({
      form: 'list',
      items: [
        item('0', 's[seed=9,lr=0.1]'),
        item('1', 's[seed=10,lr=0.00001]'),
        item('2', 's[seed=10,lr=0.1]'),
      ],
    });
  });

  it('aligns shared axes and frees the others', async () => {
    const graph = await graphOf(sweep('  c: { matrix: { seed: [9] }, run: [t], in: { x: "s[lr=*].o" } }\n'));
    expect(stageOf(graph, 'c[seed=9]').in['x']).toMatchObject({
      items: [
        ['lr=0.00001', {}],
        ['lr=0.1', {}],
      ],
    });
  });

  it('does not depend on the order of the values', async () => {
    const turned = sweep('  c: { run: [t], in: { x: "s[*].o" } }\n').replace('[10, 9]', '[9, 10]');
    expect(stageOf(await graphOf(turned), 'c').in['x']).toEqual(await bound('"s[*].o"'));
  });

  it.each([
    ['says which choices there are', '{ x: s.o }', 'ambiguous-reference 6:27 s.o'],
    ['one axis left open', '{ x: "s[seed=9].o" }', 'ambiguous-reference 6:27 "s[seed=9].o"'],
    ['unknown axis', '{ x: "s[sed=9].o" }', 'unknown-axis 6:27 "s[sed=9].o"'],
    ['no such value', '{ x: "s[seed=8,*].o" }', 'unknown-instance 6:27 "s[seed=8,*].o"'],
    ['text is no number', '{ x: "s[seed=\\"9\\",*].o" }', 'unknown-instance 6:27 "s[seed=\\"9\\",*].o"'],
    ['axis twice', '{ x: "s[seed=9,seed=10].o" }', 'bad-reference 6:27 "s[seed=9,seed=10].o"'],
    ['empty selector', '{ x: "s[].o" }', 'bad-reference 6:27 "s[].o"'],
    ['trailing comma', '{ x: "s[seed=9,].o" }', 'bad-reference 6:27 "s[seed=9,].o"'],
    ['selector on a single stage', '{ x: "p[*].o" }', 'unknown-axis 6:27 "p[*].o"'],
  ])('refuses: %s', async (_, inputs, expected) => {
    expect(
      await told(sweep(`  c: { run: [t], in: ${inputs} }\n  p: { run: [t], out: { o: file } }\n`)),
    ).toEqual([expected]);
  });

  it('lists the choices', async () => {
    const [problem] = await problemsOf(sweep('  c: { run: [t], in: { x: "s[lr=0.1].o" } }\n'));
    expect(problem?.hint).toMatchInlineSnapshot(
      `"choose s[seed=10,lr=0.1].o, s[seed=10,lr=0.00001].o, s[seed=9,lr=0.1].o, s[seed=9,lr=0.00001].o, or take all with s[*].o"`,
    );
  });
});
