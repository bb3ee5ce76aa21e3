import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { PlanLabel } from '../../engine/event.ts';
import { labels, type Workshop, workshop } from '../rigs/workshop.ts';

interface Node {
  /** Upstream stages, by number. */
  readonly reads: readonly number[];
  /** Keeps only its first byte: then a change upstream may end here. */
  readonly cuts: boolean;
  /** Two instances; who reads it reads the group of both. */
  readonly fans: boolean;
  /** Reads the user's file. */
  readonly data: boolean;
}

type Edit = 'word' | 'command' | 'data' | 'lose' | 'lose-all' | 'break' | 'mend' | 'none';

interface Step {
  readonly edit: Edit;
  readonly at: number;
  readonly value: string;
  readonly force: boolean;
  /** Ask for one stage alone. */
  readonly only: boolean;
}

interface State {
  readonly words: string[];
  readonly variants: number[];
  readonly broken: Set<number>;
}

function yamlOf(nodes: readonly Node[], { words, variants, broken }: State): string {
  const stages = nodes.map(({ reads, cuts, fans, data }, i) => {
    const inputs = reads.map((from) => `i${from}: "s${from}${nodes[from]?.fans ? '[*]' : ''}.o"`);
    if (data) inputs.push('data: in.data');
    const parts = reads.map((from) => `cat \${in.i${from}}${nodes[from]?.fans ? '/*' : ''}; `);
    if (data) parts.push('cat ${in.data}; ');
    if (fans) parts.push('echo ${matrix.m}; ');
    const line = `${broken.has(i) ? 'exit 3; ' : ''}(${' '.repeat(variants[i] ?? 0)}echo \${with.word}; ${parts.join('')}) | ${cuts ? 'head -c 1' : 'cat'} > \${out.o}`;
    const matrix = fans ? 'matrix: { m: [1, 2] }, ' : '';
    return `  s${i}: { ${matrix}run: ${JSON.stringify(line)}, in: { ${inputs.join(', ')} }, with: { word: ${words[i]} }, out: { o: file } }`;
  });
  const refs = nodes.map(({ fans }, i) => `s${i}${fans ? '[*]' : ''}.o`);
  const ones = refs.filter((_, i) => !nodes[i]?.fans);
  const out = `last: "${refs.at(-1)}"${ones.length > 1 ? `, all: [${ones.join(', ')}]` : ''}`;
  return `name: any\nin: { data: ./data.txt }\nstages:\n${stages.join('\n')}\nout: { ${out} }\n`;
}

/** Takes one object, or all, out of the cache. */
function lose(w: Workshop, all: boolean, at: number): void {
  const objects = join(w.project.cache, 'objects');
  const files = (readdirSync(objects, { recursive: true }) as string[])
    .filter((name) => statSync(join(objects, name)).isFile())
    .sort();
  for (const [i, name] of files.entries()) if (all || i === at % files.length) rmSync(join(objects, name));
}

function apply(w: Workshop, nodes: readonly Node[], state: State, { edit, at, value }: Step): void {
  const i = at % nodes.length;
  switch (edit) {
    case 'word':
      state.words[i] = value;
      break;
    case 'command':
      state.variants[i] = (state.variants[i] ?? 0) + 1;
      break;
    case 'data':
      w.write('data.txt', `${value}\n`);
      break;
    case 'lose':
    case 'lose-all':
      lose(w, edit === 'lose-all', at);
      break;
    case 'break':
      state.broken.add(i);
      break;
    case 'mend':
      state.broken.clear();
      break;
    case 'none':
      break;
  }
}

const node = (i: number): fc.Arbitrary<Node> =>
  fc.record({
    reads: i === 0 ? fc.constant([]) : fc.subarray([...Array(i).keys()], { minLength: i === 1 ? 1 : 0 }),
    cuts: fc.boolean(),
    fans: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
    data: fc.boolean(),
  });

const step: fc.Arbitrary<Step> = fc.record({
  edit: fc.constantFrom<Edit>(
    'word',
    'word',
    'command',
    'data',
    'lose',
    'lose',
    'lose-all',
    'break',
    'mend',
    'none',
  ),
  at: fc.nat(1000),
  value: fc.constantFrom('a', 'ab', 'b'),
  force: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  only: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
});

const story = fc
  .integer({ min: 2, max: 4 })
  .chain((size) =>
    fc.tuple(
      fc.tuple(...Array.from({ length: size }, (_, i) => node(i))),
      fc.array(step, { minLength: 2, maxLength: 5 }),
    ),
  );

/** What may come of a label. `skipped`: something above it failed. */
const ALLOWED: { readonly [L in PlanLabel]: readonly string[] } = {
  run: ['ran', 'failed', 'skipped'],
  maybe: ['ran', 'failed', 'skipped', 'fresh', 'restored'],
  fresh: ['fresh'],
  restore: ['restored'],
  skip: ['skipped'],
};

it('what only a stage that may run would need is called maybe, with all that reads it', async () => {
  const yaml = (word: string): string => `name: needs
stages:
  z: { run: "echo zz > \${out.o}", out: { o: file } }
  a: { run: "cat \${in.z} > \${out.o}; echo a >> \${out.o}", in: { z: z.o }, out: { o: file } }
  c: { run: "echo ${word} | head -c 1 > \${out.o}", out: { o: file } }
  b: { run: "cat \${in.a} \${in.c} > \${out.o}", in: { a: a.o, c: c.o }, out: { o: file } }
  beside: { run: "cat \${in.a} > \${out.o}; echo b >> \${out.o}", in: { a: a.o }, out: { o: file } }
out: { b: b.o }
`;
  for (const [word, ended] of [
    ['cut', { z: 'fresh', a: 'fresh', c: 'ran', b: 'fresh', beside: 'fresh' }],
    ['d', { z: 'ran', a: 'ran', c: 'ran', b: 'ran', beside: 'fresh' }],
  ] as const) {
    const w = workshop({ 'p.yaml': yaml('c') });
    await w.run();
    lose(w, true, 0);
    w.write('p.yaml', yaml(word));
    expect(labels(await w.plan())).toEqual({ z: 'maybe', a: 'maybe', c: 'run', b: 'maybe', beside: 'maybe' });
    expect((await w.run()).actions).toEqual(ended);
  }
});

it('a stage that ran is said to have run, also when it had to wait for lost bytes beside its own', async () => {
  const yaml = (word: string): string => `name: beside
in: { data: ./data.txt }
stages:
  a: { run: "echo ${word} > \${out.o}", out: { o: file } }
  b: { run: "cat \${in.data} > \${out.o}", in: { data: in.data }, out: { o: file } }
out: { both: [a.o, b.o] }
`;
  const w = workshop({ 'data.txt': 'x\n', 'p.yaml': yaml('one') });
  await w.run();
  lose(w, true, 0);
  w.write('p.yaml', yaml('two'));
  expect(labels(await w.plan())).toEqual({ a: 'run', b: 'maybe' });
  expect((await w.run()).actions).toEqual({ a: 'ran', b: 'ran' });
});

it('a plan keeps its promise through edits, lost objects, --force, targets and failures', async () => {
  await fc.assert(
    fc.asyncProperty(story, async ([nodes, steps]) => {
      const w = workshop({ 'data.txt': 'x\n' });
      const state: State = { words: nodes.map(() => 'a'), variants: nodes.map(() => 0), broken: new Set() };
      w.write('p.yaml', yamlOf(nodes, state));
      await w.run();
      for (const each of steps) {
        apply(w, nodes, state, each);
        w.write('p.yaml', yamlOf(nodes, state));
        const options = {
          force: each.force,
          keepGoing: true,
          only: each.only ? [`s${each.at % nodes.length}`] : [],
        };
        const planned = labels(await w.plan(options));
        const { result } = await w.run(options);
        const made = new Set(result.stages.filter(({ action }) => action === 'ran').map(({ key }) => key));
        for (const { id, action, key } of result.stages) {
          const label = planned[id] as PlanLabel;
          // Two stages with the same work: either may be the one that does it.
          const kept = ALLOWED[label].includes(action) || (label === 'run' && made.has(key));
          expect({ id, label, action, kept }).toMatchObject({ kept: true });
        }
        if (result.outcome !== 'done') continue;
        const rest = new Set(Object.values(labels(await w.plan({ only: options.only }))));
        expect(rest).toEqual(new Set(['fresh']));
      }
    }),
    { numRuns: Number(process.env['PROMISE_RUNS'] ?? 8) },
  );
});
