import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { type Plans, plansIn } from '../../engine/pipeline/compiled/plans.ts';
import { loadPipeline } from '../../engine/pipeline/load.ts';

const PIPELINE = `name: p
with: { from: params.yaml, n: 1, spare: 2 }
in: { data: ./data.txt }
stages:
  a: { run: 'echo \${with.i}', matrix: { i: [1, 2, 3] }, with: { i: "\${matrix.i}" }, in: { d: in.data }, out: { o: file } }
  b: { run: 'cat \${in.all}', matrix: { j: [1, 2] }, with: { n: "\${with.n}", j: "\${matrix.j}" }, in: { all: "a[*].o" }, out: { o: file } }
  c: { uses: ./child.yaml, in: { d: in.data }, with: { lr: "\${with.lr}" } }
out: { every: "b[*].o", child: c.o }
`;

const CHILD = `name: child
with: { lr: 1, word: hop }
in: { d: null }
stages:
  x: { run: 'echo \${with.lr} \${with.word}', with: { lr: "\${with.lr}", word: "\${with.word}" }, in: { d: in.d }, out: { o: file } }
out: { o: x.o }
`;

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'compiled-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

function written(): { cwd: string; plans: Plans; stored: () => string[] } {
  const cwd = folder();
  writeFileSync(join(cwd, 'p.yaml'), PIPELINE);
  writeFileSync(join(cwd, 'data.txt'), 'data');
  writeFileSync(join(cwd, 'child.yaml'), CHILD);
  writeFileSync(join(cwd, 'params.yaml'), 'lr: 0.5\n');
  const home = join(cwd, '.warren');
  const stored = (): string[] => readdirSync(join(home, 'plans')).map((name) => join(home, 'plans', name));
  return { cwd, plans: plansIn(home, 'this build'), stored };
}

function asked(cwd: string, n = 1) {
  const words = n === 1 ? [] : [`n=${n}`];
  return { path: join(cwd, 'p.yaml'), file: 'p.yaml', cwd, overrides: { with: words } };
}

function fresh(cwd: string, n = 1) {
  return loadPipeline('p.yaml', { with: n === 1 ? {} : { n }, in: {}, set: {}, cwd });
}

async function keep(cwd: string, plans: Plans, n = 1) {
  const loaded = await fresh(cwd, n);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  plans.keep(asked(cwd, n), loaded.value);
  return loaded.value;
}

test('gives back what was loaded: the graph, the warnings, and shared lists as one', async () => {
  const { cwd, plans, stored } = written();
  const loaded = await keep(cwd, plans);
  const found = plans.find(asked(cwd));
  expect(found).toEqual(loaded);
  expect(found?.warnings.map(({ code }) => code)).toEqual(['unused-parameter']);
  const groups = found?.graph.stages.flatMap(({ in: { all } }) => (all?.arity === 'many' ? [all.items] : []));
  expect(groups).toHaveLength(2);
  expect(groups?.[0]).toBe(groups?.[1]);
  expect(stored()).toHaveLength(1);
});

test('answers only its own question, of its own program', async () => {
  const { cwd, plans } = written();
  await keep(cwd, plans);
  expect(plans.find(asked(cwd, 2))).toBeUndefined();
  expect(plans.find({ ...asked(cwd), cwd: '/' })).toBeUndefined();
  expect(plans.find({ ...asked(cwd), file: './p.yaml' })).toBeUndefined();
  expect(plansIn(join(cwd, '.warren'), 'another build').find(asked(cwd))).toBeUndefined();
  expect(plans.find(asked(cwd))).toBeDefined();
});

test('a torn, spoilt or exchanged plan is as good as none', async () => {
  const { cwd, plans, stored } = written();
  await keep(cwd, plans);
  const [path = ''] = stored();
  const whole = readFileSync(path);
  for (let size = 0; size < whole.length; size += 97) {
    truncateSync(path, size);
    expect(plans.find(asked(cwd))).toBeUndefined();
    writeFileSync(path, whole);
  }
  for (let at = 0; at < whole.length; at += 61) {
    const spoilt = Buffer.from(whole);
    spoilt[at] = (spoilt[at] ?? 0) ^ 1;
    writeFileSync(path, spoilt);
    expect(plans.find(asked(cwd))).toBeUndefined();
  }
  writeFileSync(path, whole);
  await keep(cwd, plans, 2);
  const other = stored().find((each) => each !== path) ?? '';
  copyFileSync(other, path);
  expect(plans.find(asked(cwd))).toBeUndefined();
  expect(plans.find(asked(cwd, 2))).toBeDefined();
});

test('keeps so many and no more, the latest among them', async () => {
  const { cwd, plans, stored } = written();
  for (let n = 2; n < 40; n++) await keep(cwd, plans, n);
  expect(stored().length).toBeLessThan(30);
  expect(plans.find(asked(cwd, 39))).toBeDefined();
});

test('a file that was only touched is no change', async () => {
  const { cwd, plans } = written();
  await keep(cwd, plans);
  utimesSync(join(cwd, 'p.yaml'), 1, 1);
  expect(plans.find(asked(cwd))).toBeDefined();
});

const data = (cwd: string): string => join(cwd, 'data.txt');
const file = (cwd: string): string => join(cwd, 'p.yaml');

/** Everything that may befall the files of a pipeline between two loads. */
const EDITS: { readonly [name: string]: (cwd: string, digit: number) => void } = {
  'other parameter': (cwd, digit) =>
    writeFileSync(file(cwd), PIPELINE.replace('spare: 2', `spare: ${digit}`)),
  // The same length and the same times: only ctime or the bytes tell.
  'times put back': (cwd, digit) => {
    const { atime, mtime } = statSync(file(cwd));
    writeFileSync(file(cwd), PIPELINE.replace('[1, 2, 3]', `[1, 2, ${digit}]`));
    utimesSync(file(cwd), atime, mtime);
  },
  mistake: (cwd) => writeFileSync(file(cwd), PIPELINE.replace('a[*].o', 'a[*].x')),
  restored: (cwd) => writeFileSync(file(cwd), PIPELINE),
  'other child': (cwd, digit) =>
    writeFileSync(join(cwd, 'child.yaml'), CHILD.replace('word: hop', `word: h${digit}p`)),
  'child gone': (cwd) => rmSync(join(cwd, 'child.yaml'), { force: true }),
  'child there': (cwd) => writeFileSync(join(cwd, 'child.yaml'), CHILD),
  'other values': (cwd, digit) => writeFileSync(join(cwd, 'params.yaml'), `lr: 0.${digit}\n`),
  'input gone': (cwd) => rmSync(data(cwd), { recursive: true, force: true }),
  'input a folder': (cwd) => {
    rmSync(data(cwd), { recursive: true, force: true });
    mkdirSync(data(cwd));
  },
  'input there': (cwd) => {
    rmSync(data(cwd), { recursive: true, force: true });
    writeFileSync(data(cwd), 'data');
  },
};

test('never hides an edit of what it came from', async () => {
  const edit = fc.record({ name: fc.constantFrom(...Object.keys(EDITS)), digit: fc.nat(9) });
  const run = async (edits: readonly { readonly name: string; readonly digit: number }[]) => {
    const { cwd, plans } = written();
    await keep(cwd, plans);
    let hits = 0;
    for (const { name, digit } of edits) {
      EDITS[name]?.(cwd, digit);
      // Half of the time as if it had happened long ago, so that times alone are asked.
      if (digit % 2 === 0) utimesSync(file(cwd), 1e9, 1e9);
      const now = await fresh(cwd);
      const found = plans.find(asked(cwd));
      if (found !== undefined) {
        hits += 1;
        expect(now.ok && now.value.graph).toEqual(found.graph);
        expect(now.ok && now.value.warnings).toEqual(found.warnings);
      } else if (now.ok) plans.keep(asked(cwd), now.value);
    }
    expect(existsSync(cwd)).toBe(true);
    return hits;
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(edit, { minLength: 4, maxLength: 10 }),
      async (edits) => void (await run(edits)),
    ),
    { numRuns: 60 },
  );
  expect(await run([{ name: 'restored', digit: 0 }])).toBe(1);
});
