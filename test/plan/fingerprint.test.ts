import { describe, expect, it } from 'vitest';
import { digestBytes } from '../../base/digest.ts';
import type { Stage } from '../../engine/pipeline/graph.ts';
import { fingerprintOf, keyOf } from '../../engine/plan/fingerprint.ts';
import { workshop } from '../rigs/workshop.ts';

const YAML = `name: what
in: { data: ./data.txt }
stages:
  only:
    run: "cat \${in.data} \${in.many}/* > \${out.o}; echo \${with.word} $MODE >> \${out.o}"
    in: { data: in.data, many: { a: in.data, b: ./data.txt } }
    with: { word: hello }
    env: { MODE: fast }
    out: { o: { type: file, name: o.txt } }
out: { o: only.o }
`;
const FILES = { 'p.yaml': YAML, 'data.txt': 'x', 'moved.txt': 'x', 'data.csv': 'x' };

async function keyAfter(edit: (yaml: string) => string): Promise<string> {
  const w = workshop({ ...FILES, 'p.yaml': edit(YAML) });
  const [stage] = (await w.plan()).stages;
  return stage?.key as string;
}

const replaced = (from: string, to: string) => (yaml: string) => {
  expect(yaml).toContain(from);
  return yaml.replaceAll(from, to);
};

describe('the key of a stage', () => {
  it.each([
    ['a value of env', replaced('MODE: fast', 'MODE: slow')],
    ['a parameter', replaced('word: hello', 'word: bye')],
    ['the command', replaced('cat ', 'cat -- ')],
    ['a label of an input', replaced('{ a: in.data, b:', '{ a: in.data, c:')],
    ['the suffix that an input is shown under', replaced('data: ./data.txt', 'data: ./data.csv')],
    ['the form of an input', replaced('{ a: in.data, b: ./data.txt }', '[in.data, ./data.txt]')],
    ['the name of an output', replaced('name: o.txt', 'name: p.txt')],
  ])('changes with %s', async (_what, edit) => {
    expect(await keyAfter(edit)).not.toBe(await keyAfter((yaml) => yaml));
  });

  it.each([
    ['the name of the stage', replaced('only', 'other')],
    ['the name of the pipeline', replaced('name: what', 'name: else')],
    ['a description', replaced('    with:', '    desc: Says hello.\n    with:')],
    [
      'what it needs to run',
      replaced(
        '    with:',
        '    resources: { cpus: 2, gpus: 8, nodes: 2, gpu_memory: 80G, gpu_type: a100 }\n    with:',
      ),
    ],
    ['the names that it is passed', replaced('    with:', '    pass_env: [TOKEN]\n    with:')],
    ['where an equal file lies', replaced('data: ./data.txt', 'data: ./moved.txt')],
    ['the order of the keys', replaced('{ a: in.data, b: ./data.txt }', '{ b: ./data.txt, a: in.data }')],
  ])('does not change with %s', async (_what, edit) => {
    expect(await keyAfter(edit)).toBe(await keyAfter((yaml) => yaml));
  });

  it('changes with the code of its kind and with what computes it', async () => {
    const [stage] = (await workshop(FILES).graph()).stages as [Stage];
    const [one, two] = [digestBytes('one'), digestBytes('two')];
    const machine = { cpu_model: 'c', arch: 'a', platform: 'p' };
    const backend = { name: 'onnx', version: '1', device: 'cpu', threads: 2 };
    const keys = [
      fingerprintOf(stage, {}, one, backend, machine),
      fingerprintOf(stage, {}, two, backend, machine),
      fingerprintOf(stage, {}, one, { ...backend, version: '2' }, machine),
      fingerprintOf(stage, {}, one, { ...backend, threads: 4 }, machine),
    ].map(keyOf);
    expect(new Set(keys).size).toBe(4);
  });

  it('changes with the values of the matrix, also where the inputs are equal', async () => {
    const yaml = `name: fan
stages:
  each:
    run: [cp, "\${in.data}", "\${out.o}"]
    matrix: { name: [data, moved] }
    in: { data: "./\${matrix.name}.txt" }
    out: { o: file }
`;
    const { stages } = await workshop({ ...FILES, 'p.yaml': yaml }).plan();
    expect(stages.map(({ id }) => id)).toEqual(['each[name=data]', 'each[name=moved]']);
    expect(stages[0]?.key).not.toBe(stages[1]?.key);
  });
});
