import fc from 'fast-check';
import { expect, it } from 'vitest';
import { graphOf, load } from './rig.ts';

const PARENT = `limits: { api: 2 }
with: { n: 2, lr: 0.1 }
in: { rows: ./rows.jsonl }
stages:
  data: { uses: data, in: { transcripts: in.rows } }
  ip:
    uses: ./round.yaml
    matrix: { seed: [1, 2] }
    rounds: "\${with.n}"
    carry: { policy: policy }
    in: { rows: data.train }
    with: { lr: "\${with.lr}", seed: "\${matrix.seed}", round: "\${round}" }
  list: { uses: ./round.yaml, rounds: [{ with: { lr: 1 } }, { in: { rows: data.test } }], carry: { policy: policy }, in: { rows: data.train } }
  e: { uses: evaluate, in: { models: { a: "ip[*].policy", b: list.policy }, prompts: data.test } }
out: { all: "ip[seed=1,round=*].all", same: list.same }
`;
const CHILD = `limits: { api: 1 }
with: { lr: 1, seed: 0, round: 0 }
in: { rows: null, policy: null }
stages:
  t: { uses: train, in: { records: in.rows, model: in.policy }, with: { lr: "\${with.lr}", seed: "\${with.seed}" } }
  c: { run: [t, "\${with.round}"], matrix: { k: [1, 2] }, in: { x: t.model, y: in.rows }, env: { K: "\${matrix.k}" }, limits: [api], when: "\${matrix.k} != 3", out: { o: file } }
out: { policy: t.model, all: "c[*].o", same: in.rows }
`;
const bits = [
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  '"',
  '*',
  '\n',
  '  ',
  '${',
  '$${',
  '#',
  'null',
  '../',
  './',
  '[*]',
  '0',
  '-1',
  '1e999',
  'rounds: 2, ',
  'carry: { rows: same }, ',
  'matrix: { round: [1] }, ',
  'uses: ./round.yaml, ',
  'uses: ./p.yaml, ',
  'in.policy',
  'in.rows',
  'ip.same',
  'list.policy',
  'ip[*].all',
  't.model',
  '${round}',
  '${with.lr}',
  'when: false, ',
];

it('starts from files that are right', async () => {
  const graph = await graphOf(PARENT, { children: { 'round.yaml': CHILD } });
  expect(graph.stages).toHaveLength(1 + 2 * 2 * 3 + 2 * 3 + 1);
});

it('a parent or a child that someone broke is loaded or explained, and never throws', async () => {
  const edit = fc.tuple(fc.boolean(), fc.nat(1000), fc.nat(10), fc.constantFrom(...bits, ''));
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
      const texts = { parent: PARENT, child: CHILD };
      for (const [inChild, where, cut, put] of edits) {
        const which = inChild ? 'child' : 'parent';
        const text = texts[which];
        const at = where % text.length;
        texts[which] = text.slice(0, at) + put + text.slice(at + cut);
      }
      const loaded = await load(texts.parent, { children: { 'round.yaml': texts.child } });
      expect(loaded.ok ? loaded.value.files.length : loaded.error.length).toBeGreaterThan(0);
      for (const { code, message, hint, place } of loaded.ok ? [] : loaded.error) {
        expect(code).toMatch(/^[a-z][a-z0-9-]+$/);
        expect(message).toMatch(/\.$/);
        if (code !== 'yaml-syntax') expect(hint ?? '').not.toBe('');
        const text = place?.file === 'round.yaml' ? texts.child : texts.parent;
        if (place !== undefined) expect(place.line).toBeLessThanOrEqual(text.split('\n').length);
      }
    }),
    { numRuns: Number(process.env['FUZZ'] ?? 200) },
  );
});
