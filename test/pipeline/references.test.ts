import { describe, expect, it } from 'vitest';
import { type Extra, graphOf, load, problemsOf, stageOf, told } from './rig.ts';

/** Two stages to refer to, and one that refers. Its line is the fifth. */
const BASE =
  'in: { rows: ./rows.jsonl, none: null }\nstages:\n  data: { uses: data, in: { transcripts: in.rows } }\n  mine: { run: [t], out: { o: file, m: model, f: folder, p: { type: records, schema: pairs } } }\n';
const using = (kind: string, inputs: string) =>
  `${BASE}  t: { uses: ${kind}, ${kind === 'train' ? 'with: { lr: 1 }, ' : ''}in: { ${inputs} } }\n`;
const files: Extra = { files: ['rows.jsonl', 'model/config.json'] };

describe('references', () => {
  it.each([
    ['undefined stage', 'train', 'records: dat.train', 'undefined-reference dat.train'],
    ['undefined output', 'train', 'records: data.trian', 'undefined-reference data.trian'],
    [
      'undefined output of a command',
      'evaluate',
      'models: { a: mine.mm }, prompts: data.test',
      'undefined-reference mine.mm',
    ],
    ['undefined input', 'data', 'transcripts: in.row', 'undefined-reference in.row'],
    ['itself', 'train', 'records: t.model', 'self-reference t.model'],
    ['wrong type', 'train', 'records: data.train, model: data.train', 'wrong-artifact-type data.train'],
    ['wrong schema', 'train', 'records: data.rejects', 'wrong-artifact-type data.rejects'],
    ['a command that says nothing', 'train', 'records: mine.o', 'wrong-artifact-type mine.o'],
    [
      'file where a folder goes',
      'evaluate',
      'models: { a: mine.m }, prompts: data.test, extra: mine.o',
      'wrong-artifact-type mine.o',
    ],
    [
      'folder where a file goes',
      'evaluate',
      'models: { a: mine.m }, prompts: data.test, notes: mine.m',
      'wrong-artifact-type mine.m',
    ],
    ['folder on disk where a file goes', 'data', 'transcripts: ./model', 'wrong-artifact-type ./model'],
    [
      'file on disk where a folder goes',
      'train',
      'records: data.train, model: ./rows.jsonl',
      'wrong-artifact-type ./rows.jsonl',
    ],
    ['member of a file', 'data', 'transcripts: data.train/x', 'not-a-folder data.train/x'],
    ['member outside', 'data', 'transcripts: mine.f/../x', 'path-escapes mine.f/../x'],
    ['member outside an input', 'data', 'transcripts: in.rows/../../x', 'path-escapes in.rows/../../x'],
    ['missing file', 'data', 'transcripts: ./gone.jsonl', 'missing-file ./gone.jsonl'],
    ['missing below a file', 'data', 'transcripts: ./rows.jsonl/x', 'missing-file ./rows.jsonl/x'],
    ['path without ./', 'data', 'transcripts: data/x.jsonl', 'bad-reference data/x.jsonl'],
    ['home', 'data', 'transcripts: ~/x', 'bad-reference ~/x'],
    ['http', 'data', 'transcripts: http://a/b', 'bad-reference http://a/b'],
    ['https', 'data', 'transcripts: "https://a/b#sha256=0"', 'not-supported-yet "https://a/b#sha256=0"'],
    ['hf', 'data', 'transcripts: hf://o/r@0', 'not-supported-yet hf://o/r@0'],
    ['number', 'data', 'transcripts: 5', 'wrong-type 5'],
    ['missing input', 'train', '', 'missing-input in'],
    ['null for a needed input', 'data', 'transcripts: null', 'missing-input null'],
    ['unknown input', 'data', 'transcript: in.rows', 'unknown-input transcript'],
    ['many where one goes', 'train', 'records: [data.train]', 'wrong-arity [data.train]'],
    ['one where a map goes', 'evaluate', 'models: mine.m, prompts: data.test', 'wrong-arity mine.m'],
    ['list where a map goes', 'evaluate', 'models: [mine.m], prompts: data.test', 'wrong-arity [mine.m]'],
    ['empty map', 'evaluate', 'models: {}, prompts: data.test', 'empty-input {}'],
    ['label', 'evaluate', 'models: { a/b: mine.m }, prompts: data.test', 'bad-name a/b'],
    ['null in a list', 'merge', 'rows: [data.train, null]', 'wrong-type null'],
  ])('refuses: %s', async (_, kind, inputs, expected) => {
    const said = (await told(using(kind, inputs), files)).map((line) => line.replace(/ \d+:\d+/, ''));
    expect(said).toEqual([expected]);
  });

  it('asks for an input without default where it is declared', async () => {
    const text = using('data', 'transcripts: in.none');
    expect(await told(text)).toEqual(['missing-input 1:27 none']);
    const [problem] = await problemsOf(text);
    expect(problem).toMatchObject({ hint: 'give --in none=PATH', related: [{ place: { line: 5 } }] });
    expect((await load(text, { in: { none: 'rows.jsonl' } })).ok).toBe(true);
  });

  it.each([
    ['./rows.jsonl', 'file'],
    ['in.rows', 'file'],
    ['data.rejects', 'output'],
    ['mine.f/deep/x.txt', 'output'],
    ['mine.m/config.json', 'output'],
  ])('a file input takes %s', async (value, kind) => {
    const graph = await graphOf(
      using('evaluate', `models: { a: mine.m }, prompts: data.test, notes: ${value}`),
      files,
    );
    expect(stageOf(graph, 't').in['notes']).toMatchObject({ arity: 'one', source: { kind } });
  });

  it('resolves paths, members and optional inputs', async () => {
    const graph = await graphOf(using('train', 'records: mine.p, model: in.none'), files);
    expect(stageOf(graph, 't').in).toEqual({
      records: { arity: 'one', source: { kind: 'output', stage: 'mine', output: 'p' } },
    });
    const member = await graphOf(
      using('data', 'transcripts: in.model/config.json').replace('none: null', 'model: ./model'),
      files,
    );
    expect(stageOf(member, 't').in['transcripts']).toMatchObject({
      source: { kind: 'file', shown: './model/config.json' },
    });
    expect(stageOf(graph, 'data').in['transcripts']).toMatchObject({
      source: { path: `${graph.folder}/rows.jsonl` },
    });
  });

  it('makes a list of one value where a list goes', async () => {
    const graph = await graphOf(using('merge', 'rows: data.train'));
    expect(stageOf(graph, 't').in['rows']).toMatchObject({
      arity: 'many',
      form: 'list',
      items: [['0', { output: 'train' }]],
    });
  });

  it('takes whole inputs from parameters', async () => {
    const text = `with: { models: { b: ./model, a: ./model } }\n${using('evaluate', 'models: "${with.models}", prompts: data.test')}`;
    expect(stageOf(await graphOf(text, files), 't').in['models']).toMatchObject({
      form: 'map',
      items: [
        ['a', {}],
        ['b', {}],
      ],
    });
  });

  it('suggests what is near, and how to declare a type', async () => {
    const hint = async (kind: string, inputs: string) =>
      (await problemsOf(using(kind, inputs), files))[0]?.hint;
    expect(await hint('train', 'records: dat.train')).toBe('did you mean "data"?');
    expect(await hint('train', 'records: data.trian')).toBe('did you mean "train"?');
    expect(await hint('train', 'records: mine.o')).toBe(
      'declare what it is under out: of "mine", e.g. { type: records(pairs) }',
    );
    expect(await hint('train', 'records: data.rejects')).toBe('fitting: data.train, data.test');
    expect(await hint('data', 'transcripts: rows.jsonl')).toBe(
      'a path begins with ./, ../ or /: ./rows.jsonl',
    );
  });
});

describe('out', () => {
  it('binds files, groups and maps', async () => {
    const graph = await graphOf(`${BASE}out: { a: data.train, b: { x: mine.m, y: mine.o } }\n`);
    expect(graph.out).toMatchObject({
      a: { arity: 'one', source: { stage: 'data' } },
      b: {
        form: 'map',
        items: [
          ['x', {}],
          ['y', {}],
        ],
      },
    });
  });

  it.each([
    ['undefined', '{ a: dat.train }', 'undefined-reference 5:11 dat.train'],
    ['null', '{ a: null }', 'missing-input 5:11 null'],
    ['name', '{ "a/b": data.train }', 'bad-name 5:8 "a/b"'],
  ])('refuses: %s', async (_, out, expected) => {
    expect(await told(`${BASE}out: ${out}\n`)).toEqual([expected]);
  });
});

describe('cycles', () => {
  it('name every edge with its place', async () => {
    const text =
      'stages:\n  a: { run: [t], in: { x: c.o }, out: { o: file } }\n  b: { run: [t], in: { x: a.o }, out: { o: file } }\n  c: { run: [t], in: { x: b.o, y: data.train }, out: { o: file } }\n  data: { uses: data, in: { transcripts: ./rows.jsonl } }\n';
    const problems = await problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({
      code: 'cycle',
      message: 'These stages need each other in a circle: b -> a -> c -> b; here "a" needs "c".',
      place: { line: 2, column: 27, length: 3 },
      related: [
        { message: '"b" needs "a"', place: { line: 3 } },
        { message: '"c" needs "b"', place: { line: 4 } },
      ],
    });
  });

  it('are each told once, through groups too, also for stages called constructor', async () => {
    const text =
      'stages:\n  constructor: { matrix: { a: [1, 2] }, run: [t, "${matrix.a}"], in: { x: sum.o }, out: { o: file } }\n  sum: { run: [t], in: { x: "constructor[*].o" }, out: { o: file } }\n  p: { run: [t], in: { x: q.o }, out: { o: file } }\n  q: { run: [t], in: { x: p.o }, out: { o: file } }\n';
    const problems = await problemsOf(text);
    expect(
      problems.map(({ code, place, related }) => [code, place?.line, related?.map((one) => one.place.line)]),
    ).toEqual([
      ['cycle', 2, [3]],
      ['cycle', 4, [5]],
    ]);
  });

  it('are found between thousands of stages', async () => {
    const lines = Array.from(
      { length: 5000 },
      (_, i) => `  s${i}: { run: [t], in: { x: s${(i + 1) % 5000}.o }, out: { o: file } }`,
    );
    const problems = await problemsOf(`stages:\n${lines.join('\n')}\n`);
    expect(problems.map((problem) => problem.code)).toEqual(['cycle']);
  });
});

describe('interpolation', () => {
  const stage = (value: string, top = 'with: { n: 3, s: text, m: { k: [1, { z: 2 }] }, none: null }\n') =>
    `${top}stages:\n  s: { run: [t], with: { v: ${value} } }\n`;
  it.each([
    ['"${with.n}"', 3],
    ['"${with.m}"', { k: [1, { z: 2 }] }],
    ['"${with.m.k.1.z}"', 2],
    ['"${with.none}"', null],
    ['"n=${with.n}, ${with.s}"', 'n=3, text'],
    ['"$${with.n}"', '${with.n}'],
    ['"$5 and $$"', '$5 and $$'],
    ['["${with.n}", { a: "${with.s}" }]', [3, { a: 'text' }]],
  ])('%s', async (value, expected) => {
    expect(stageOf(await graphOf(stage(value)), 's').with).toEqual({ v: expected });
  });

  it.each([
    ['"x ${with.m}"', 'not-a-scalar ${with.m}'],
    ['"x ${with.none}"', 'not-a-scalar ${with.none}'],
    ['"${with.nn}"', 'unknown-name ${with.nn}'],
    ['"a ${with.m.kk} b"', 'unknown-name ${with.m.kk}'],
    ['"${with.constructor}"', 'unknown-name ${with.constructor}'],
    ['"${matrix.a}"', 'unknown-name ${matrix.a}'],
    ['"${in.a}"', 'unknown-name ${in.a}'],
    ['"${}"', 'unknown-name ${}'],
    ['"${with.n"', 'bad-interpolation "${with.n"'],
  ])('refuses %s', async (value, expected) => {
    expect((await told(stage(value))).map((line) => line.replace(/ \d+:\d+/, ''))).toEqual([expected]);
  });

  it('does not reach into parameters themselves', async () => {
    expect(await told(stage('1', 'with: { a: 1, b: "${with.a}" }\n'))).toEqual([
      'unknown-name 1:19 ${with.a}',
    ]);
  });

  it('warns of what nothing uses', async () => {
    const loaded = await load('with: { a: 1 }\nin: { f: ./rows.jsonl }\nstages: { s: { run: [t] } }\n');
    expect(loaded).toMatchObject({
      ok: true,
      value: { warnings: [{ code: 'unused-parameter' }, { code: 'unused-input' }] },
    });
  });
});
