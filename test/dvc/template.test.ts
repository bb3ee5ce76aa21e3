import { describe, expect, it } from 'vitest';
import { commandsOf, faultsOf, firstFault, graphOf, loaded } from './rig.ts';

const one = (cmd: string, rest = ''): string => `stages:\n  a:\n    cmd: ${cmd}\n${rest}`;

describe('values in text', () => {
  const params = `
int: 3
whole: 1.0
small: 0.00001
tiny: 1e-7
large: 1e16
big: 123456789.5
yes: true
nothing: null
text: a b
map: { x: { y: [10, 20, { z: deep }] } }
`;
  it.each([
    ['${int} ${whole} ${small}', '3 1.0 1e-05'],
    ['${tiny} ${large} ${big}', '1e-07 1e+16 123456789.5'],
    ['${yes} ${nothing} ${text}', 'true None a b'],
    ['${map.x.y[0]} ${map.x.y.1} ${map.x.y[2].z} ${ map.x.y[-1].z }', '10 20 deep deep'],
    ['\\${int} ${int} $int $(echo ${int}) ${int}', '${int} 3 $int $(echo 3) 3'],
  ])('%s reads %s', async (cmd, text) => {
    const files = { 'params.yaml': params, 'dvc.yaml': one(`'${cmd}'`) };
    expect(await commandsOf(files)).toEqual({ a: text });
  });

  it('become options where a command takes a map', async () => {
    const files = {
      'params.yaml': `opt: { lr: 1.0e-3, on: true, off: false, names: [a b, "it's", 2], deep: { er: x, no: '' } }\n`,
      'dvc.yaml': one('train ${opt}'),
    };
    const text = `train --lr 0.001 --on --names 'a b' 'it'"'"'s' 2 --deep.er x --deep.no ''`;
    expect(await commandsOf(files)).toEqual({ a: text });
  });

  it.each([
    ['${nope}', 'unknown-name 3:11'],
    ['x ${list} y', 'not-a-scalar 3:13'],
    ['${map.b}', 'unknown-name 3:11'],
    ['${}', 'bad-interpolation 3:11'],
    ['${map..a}', 'bad-interpolation 3:11'],
    ['x ${map}', undefined],
    ['${map[nested]}', 'not-a-scalar 3:11'],
  ])('%s', async (cmd, fault) => {
    const files = { 'params.yaml': 'list: [1]\nmap: { a: 1 }\n', 'dvc.yaml': one(`"${cmd}"`) };
    if (cmd === '${map[nested]}') files['params.yaml'] = 'map: { nested: [[1], [2]] }\n';
    expect(await faultsOf(files)).toEqual(fault === undefined ? [] : [fault]);
  });

  it('a list inside a list is no option', async () => {
    const files = { 'params.yaml': 'o: { n: [[1]] }\n', 'dvc.yaml': one('x ${o}') };
    expect((await firstFault(files)).code).toBe('not-a-scalar');
  });

  it('a misspelt name is told with the right one', async () => {
    const files = { 'params.yaml': 'rate: 1\n', 'dvc.yaml': one('x ${rato}') };
    expect((await firstFault(files)).hint).toBe('did you mean "rate"?');
  });

  it('a path may be put together, as a key with flags too', async () => {
    const files = {
      'params.yaml': 'dir: models\n',
      'dvc.yaml': one(
        'x',
        '    outs:\n      - ${dir}/a.bin\n      - ${dir}/b.bin:\n          cache: false\n',
      ),
    };
    const [stage] = (await graphOf(files)).stages;
    expect(Object.entries(stage?.workspace?.outs ?? {}).map(([name, { kept }]) => [name, kept])).toEqual([
      ['models/a.bin', true],
      ['models/b.bin', false],
    ]);
  });
});

describe('vars', () => {
  it('come from params.yaml, other files, parts of files and maps', async () => {
    const files = {
      'params.yaml': 'a: 1\nm: { x: 1 }\n',
      'more.json': '{"b": 2, "c": 3}',
      'other.yaml': 'd: 4\n',
      'dvc.yaml': `vars: [more.json:b, other.yaml, params.yaml, { e: 5, m: { y: 2 } }]\n${one('${a} ${b} ${d} ${e} ${m.x} ${m.y}')}`,
    };
    expect(await commandsOf(files)).toEqual({ a: '1 2 4 5 1 2' });
  });

  it('of a stage are its own', async () => {
    const files = {
      'sub/v.yaml': 'v: 7\n',
      'dvc.yaml': `stages:\n  a: { cmd: "\${v} \${w}", wdir: sub, vars: [v.yaml, { w: 8 }] }\n  b: { cmd: "\${v}" }\n`,
    };
    expect(await faultsOf(files)).toEqual(['unknown-name 3:14']);
  });

  it.each([
    ['[{ a: 1 }, { a: 2 }]', 'vars-conflict'],
    ['[{ a: 1 }, f.yaml]', 'vars-conflict'],
    ['[f.yaml:a, f.yaml:a]', 'vars-loaded-twice'],
    ['[f.yaml, "f.yaml:a"]', 'vars-loaded-twice'],
    ['[f.yaml:nope]', 'unknown-name'],
    ['[missing.yaml]', 'missing-file'],
    ['["${a}"]', 'bad-interpolation'],
    ['[{ b: "${a}" }]', 'bad-interpolation'],
    ['[list.yaml]', 'wrong-type'],
    ['[p.toml]', 'not-supported-yet'],
    ['[p.py]', 'not-supported-yet'],
  ])('%s: %s', async (vars, code) => {
    const files = { 'f.yaml': 'a: 1\nz: 2\n', 'list.yaml': '[1]', 'dvc.yaml': `vars: ${vars}\n${one('x')}` };
    expect((await faultsOf(files)).map((fault) => fault.split(' ')[0])).toEqual([code]);
  });

  it('what is wrong inside a file is shown there', async () => {
    const files = { 'params.yaml': 'a: 1\na: 2\n', 'dvc.yaml': one('x') };
    const fault = await firstFault(files);
    expect(fault.code).toBe('duplicate-key');
    expect(fault.place?.file.endsWith('params.yaml')).toBe(true);
    expect(fault.place?.line).toBe(2);
  });
});

describe('foreach', () => {
  it('over plain values is named by them, over others by position, over a map by its keys', async () => {
    const files = {
      'params.yaml': 'models: { us: { e: 1 }, uk: { e: 2 } }\n',
      'dvc.yaml': `stages:
  plain: { foreach: [1, 2.50, x, true], do: { cmd: "p \${item}" } }
  mixed: { foreach: [{ a: 1 }, 7], do: { cmd: m } }
  named: { foreach: "\${models}", do: { cmd: "n \${key} \${item.e}" } }
`,
    };
    expect(await commandsOf(files)).toEqual({
      'plain@1': 'p 1',
      'plain@2.5': 'p 2.5',
      'plain@x': 'p x',
      'plain@true': 'p true',
      'mixed@0': 'm',
      'mixed@1': 'm',
      'named@us': 'n us 1',
      'named@uk': 'n uk 2',
    });
  });

  it.each([
    ['foreach: [1]', 'missing-key'],
    ['do: { cmd: x }', 'missing-key'],
    ['foreach: 3, do: { cmd: x }', 'wrong-type'],
    ['foreach: "${s}", do: { cmd: x }', 'wrong-type'],
    ['foreach: [1], do: { cmd: x }, cmd: y', 'unknown-key'],
    ['foreach: [1], do: { cmd: x, matrix: { a: [1] } }', 'unknown-key'],
    ['foreach: [1], do: { cmd: "${key}" }', 'unknown-name'],
    ['foreach: [1], do: { cmd: x, vars: [{ item: 3 }] }', 'reserved-name'],
    ['foreach: [1, "1"], do: { cmd: x }', 'colliding-names'],
  ])('{%s}: %s', async (stage, code) => {
    const faults = await faultsOf({ 'params.yaml': 's: text\n', 'dvc.yaml': `stages:\n  a: {${stage}}\n` });
    expect(faults.map((fault) => fault.split(' ')[0])).toEqual([code]);
  });

  it('a value twice is one stage, and said so; a shadowed value is said too', async () => {
    const found = await loaded({
      'params.yaml': 'item: 3\n',
      'dvc.yaml': 'stages:\n  a: { foreach: [1, 1], do: { cmd: "x ${item}" } }\n',
    });
    expect(found.graph.stages.map(({ id }) => id)).toEqual(['a@1']);
    expect(found.warnings.map(({ code }) => code).sort()).toEqual(['duplicate-value', 'shadowed-name']);
  });
});

describe('matrix', () => {
  it('has every combination, the last axis fastest; lists and maps are named by axis and position', async () => {
    const files = {
      'params.yaml': 'seeds: [1, 2]\n',
      'dvc.yaml': `stages:
  a: { matrix: { s: "\${seeds}", o: [{ n: x }, { n: y }], l: [[3]] }, cmd: "\${item.s} \${item.o.n} \${item.l[0]} \${key}" }
`,
    };
    expect(await commandsOf(files)).toEqual({
      'a@1-o0-l0': '1 x 3 1-o0-l0',
      'a@1-o1-l0': '1 y 3 1-o1-l0',
      'a@2-o0-l0': '2 x 3 2-o0-l0',
      'a@2-o1-l0': '2 y 3 2-o1-l0',
    });
  });

  it('two combinations of one name are an error, not one stage', async () => {
    const fault = await firstFault({
      'dvc.yaml': 'stages:\n  a: { matrix: { a: [x-y, x], b: [z, y-z] }, cmd: c }\n',
    });
    expect(fault.code).toBe('colliding-names');
    expect(fault.message).toContain('a@x-y-z');
    expect(fault.message).toContain('{a: "x-y", b: "z"} and {a: "x", b: "y-z"}');
  });

  it('an axis must be a list', async () => {
    const files = {
      'params.yaml': 'm: { a: 1 }\n',
      'dvc.yaml': 'stages:\n  a: { matrix: { x: "${m}" }, cmd: c }\n',
    };
    expect((await firstFault(files)).code).toBe('wrong-type');
  });
});
