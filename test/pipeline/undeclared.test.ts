import { describe, expect, it } from 'vitest';
import { load } from './rig.ts';

const FILES = ['train.py', 'src/', 'src/a.py', 'data/rows.jsonl', 'run.sh', 'a.b', 'out.txt'];

/** `code marked text hint`, one a warning. */
async function warned(stage: string): Promise<string[]> {
  const text = `stages:\n  s:\n    ${stage.split('\n').join('\n    ')}\n`;
  const loaded = await load(text, { files: FILES });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  const lines = text.split('\n');
  return loaded.value.warnings.map(({ code, place, hint }) => {
    const marked = lines[(place?.line ?? 1) - 1]?.slice(
      (place?.column ?? 1) - 1,
      (place?.column ?? 1) - 1 + (place?.length ?? 0),
    );
    return `${code} ${marked} | ${hint}`;
  });
}

describe('undeclared-input', () => {
  it('names the file, and the line to add', async () => {
    expect(await warned('run: [python3, train.py, --data=./data/rows.jsonl, src/]')).toEqual([
      'undeclared-input train.py | add in: { train: ./train.py }',
      'undeclared-input ./data/rows.jsonl | add in: { rows: ./data/rows.jsonl }',
      'undeclared-input src/ | add in: { src: ./src }',
    ]);
    expect(
      await warned('in: { d: ./data }\nrun: "./run.sh <data/rows.jsonl && python3 train.py X=src/a.py"'),
    ).toEqual([
      'undeclared-input ./run.sh | add run: ./run.sh under in:',
      'undeclared-input train.py | add train: ./train.py under in:',
      'undeclared-input src/a.py | add a: ./src/a.py under in:',
    ]);
  });

  it.each([
    ['declared', 'in: { t: ./train.py }\nrun: [python3, train.py]'],
    ['below a folder that is', 'in: { s: ./src }\nrun: "python3 src/a.py"'],
    ['not there', 'run: [python3, other.py, ./x/y]'],
    ['bare programs', 'run: [node, src]'],
    ['the folder itself', 'run: [find, ., ./]'],
    ['outside of the project', 'run: [/bin/sh, /etc/passwd, ../..]'],
    ['flags', 'run: [a, -train.py]'],
    ['written', 'run: "a > out.txt 2>>out.txt; b >out.txt"'],
    [
      'quoted, or with anything that a shell reads',
      `run: "a 'train.py' $X/train.py tr*in.py \\"train.py\\" 'x'train.py"`,
    ],
    ['after cd', 'run: "cd x && a train.py"'],
    ['in a here-document', 'run: "a <<E\\ntrain.py\\nE"'],
    ['in a comment', 'run: "a # train.py\\nb"'],
    ['with a placeholder', 'with: { x: t }\nrun: ["${with.x}rain.py", "./${with.x}"]'],
    ['of a stage that takes no part', 'when: false\nrun: [python3, train.py]'],
  ])('is silent about what is %s', async (_, stage) => {
    expect(await warned(stage)).toEqual([]);
  });

  it('is told once for all instances', async () => {
    expect(await warned('matrix: { n: [1, 2] }\nrun: [python3, train.py, "${matrix.n}"]')).toHaveLength(1);
  });
});
