import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Stage } from '../../engine/pipeline/graph.ts';
import { sourcesOf } from '../../engine/pipeline/render/collapse.ts';
import { graphOf, load } from './rig.ts';

const scalar = fc.oneof(
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.string({ unit: 'grapheme-ascii' }).filter((text) => !text.includes('${')),
);
const needsOf = (stage: Stage): string[] =>
  Object.values(stage.in)
    .flatMap(sourcesOf)
    .flatMap((source) => (source.kind === 'output' ? [source.stage] : []));

describe('expansion', () => {
  it('names each instance once, and a name read back selects that instance', async () => {
    // JSON of an unsafe integer is one in YAML too, and refused.
    const value = scalar.filter(
      (one) => typeof one !== 'number' || !Number.isInteger(one) || Number.isSafeInteger(one),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(value, { minLength: 1, maxLength: 6, selector: (one) => JSON.stringify(one) }),
        async (values) => {
          const text = `with: ${JSON.stringify({ values })}\nstages:\n  s: { matrix: { a: "\${with.values}" }, run: [t, "\${matrix.a}"], out: { o: file } }\n`;
          const ids = (await graphOf(text)).stages.map((stage) => stage.id);
          expect(new Set(ids).size).toBe(values.length);
          const out = Object.fromEntries(ids.map((id, index) => [`o${index}`, `${id}.o`]));
          const graph = await graphOf(`${text}out: ${JSON.stringify(out)}\n`);
          expect(Object.values(graph.out).flatMap(sourcesOf)).toEqual(
            ids.map((stage) => ({ kind: 'output', stage, output: 'o' })),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it('orders stages after what they need, and keeps the order of a file that is in order', async () => {
    const edges = fc.array(fc.tuple(fc.nat(11), fc.nat(11)), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(
        edges,
        fc.shuffledSubarray([...Array(12).keys()], { minLength: 12 }),
        async (pairs, order) => {
          const inputs = (node: number): string =>
            [
              ...new Set(
                pairs.filter(([a, b]) => Math.max(a, b) === node && a !== b).map(([a, b]) => Math.min(a, b)),
              ),
            ]
              .map((from) => `x${from}: s${from}.o`)
              .join(', ');
          const file = (nodes: readonly number[]): string =>
            `stages:\n${nodes.map((node) => `  s${node}: { run: [t], in: { ${inputs(node)} }, out: { o: file } }\n`).join('')}`;
          const shuffled = await graphOf(file(order));
          const position = new Map(shuffled.stages.map((stage, index) => [stage.id as string, index]));
          for (const stage of shuffled.stages) {
            for (const need of needsOf(stage))
              expect(position.get(need)).toBeLessThan(position.get(stage.id) as number);
          }
          const sorted = [...order].sort((a, b) => a - b);
          expect((await graphOf(file(sorted))).stages.map((stage) => stage.id)).toEqual(
            sorted.map((node) => `s${node}`),
          );
        },
      ),
      { numRuns: 60 },
    );
  });
});

const SEED = `name: x
with: { seed: 1, seeds: [1, 2], m: &m { id: a, k: 2 } }
in: { rows: ./rows.jsonl, opt: null }
stages:
  data: { uses: data, in: { transcripts: in.rows }, with: { test: 0.2, seed: "\${with.seed}" } }
  t:
    uses: train
    matrix: { seed: "\${with.seeds}", m: [*m, { id: b }], exclude: [{ seed: 1, m: b }] }
    in: { records: data.train }
    with: { lr: 1e-3, seed: "\${matrix.seed}", stop: "\${matrix.m.id}", shape: { width: 3 } }
  c:
    run: tool \${in.x} "a" > \${out.o} \${matrix.m.id}
    matrix: t
    in: { x: "t[m=*].model", y: t.metrics }
    out: { o: { type: records, schema: pairs, name: o.jsonl } }
    resources: { memory: 40G, time: 1h }
    env: { A: "1" }
out: { all: "t[*].model", one: "c[seed=2,m=b].o" }
`;

describe('a file that someone broke', () => {
  const bits = [
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"',
    "'",
    '*',
    '&a ',
    '!x ',
    '\n',
    '  ',
    '\t',
    '- ',
    '? ',
    '${',
    '}',
    '$${',
    '#',
    '|',
    '>',
    '<<',
    '%',
    '---\n',
    '1e999',
    '.nan',
    'null',
    '\u0000',
    '\ud800',
    '../',
    '=',
    't.model',
    '[*]',
  ];
  const edit = fc.tuple(fc.nat(SEED.length), fc.nat(12), fc.constantFrom(...bits, ''));

  it('is loaded or explained, and never throws', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
        let text = SEED;
        for (const [at, cut, put] of edits) text = text.slice(0, at) + put + text.slice(at + cut);
        const loaded = await load(text);
        expect(loaded.ok ? loaded.value.graph.stages.length : loaded.error.length).toBeGreaterThan(0);
        for (const { code, message, hint, place } of loaded.ok ? [] : loaded.error) {
          expect(code).toMatch(/^[a-z][a-z0-9-]+$/);
          expect(message).toMatch(/\.$/);
          if (code !== 'yaml-syntax') expect(hint ?? '').not.toBe('');
          if (place !== undefined) expect(place.line).toBeLessThanOrEqual(text.split('\n').length);
        }
      }),
      {
        numRuns: 400,
        examples: [
          [
            [
              [111, 0, '|'],
              [112, 0, '? '],
              [0, 0, '*'],
            ],
          ],
        ],
      },
    );
  });

  it('starts from one that is right', async () => {
    expect((await graphOf(SEED)).stages.map((stage) => stage.id)).toEqual([
      'data',
      't[seed=1,m=a]',
      't[seed=2,m=a]',
      't[seed=2,m=b]',
      'c[seed=1,m=a]',
      'c[seed=2,m=a]',
      'c[seed=2,m=b]',
    ]);
  });
});
