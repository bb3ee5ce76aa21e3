import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Params } from '../../../stages/merge/params.generated.ts';
import { run } from '../../../stages/merge/run.ts';
import { randomStream } from '../../../stages/runtime/random.ts';
import type { Pair, Ranked, Scored } from '../../../stages/runtime/record-types.ts';
import { folder, type Rig, rig } from '../../rigs/context.ts';

function scored(
  id: string,
  sampler: string,
  index: number,
  score: number,
  more: Partial<Scored> = {},
): Scored {
  const source = sampler === 'chosen' || sampler === 'rejected' ? sampler : 'sample';
  const response = `${id} ${sampler} ${index}`;
  const common = { prompt: `Prompt ${id}`, finish: 'eos', tokens: 3, logprob: null, scorer: 'rm' } as const;
  return { id, ...common, response, source, sampler, index, score, ...more };
}

function pair(id: string): Pair {
  return { id, prompt: `Prompt ${id}`, chosen: `${id} chosen 0`, rejected: `${id} rejected 0` };
}

function file(rows: readonly (object | string)[]): string {
  const path = join(folder(), 'rows.jsonl');
  writeFileSync(path, rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n'));
  return path;
}

function merge(
  lists: readonly (readonly (object | string)[])[],
  pairs: readonly Pair[] | null,
  parameters: Partial<Params> = {},
): { made: Rig<Params>; result: ReturnType<typeof run> } {
  const inputs = {
    scored: Object.fromEntries(lists.map((list, i) => [`${i}`, file(list)])),
    ...(pairs === null ? {} : { pairs: file(pairs) }),
  };
  const made = rig<Params>('merge', inputs, parameters);
  return { made, result: run(made.ctx) };
}

const rows = ['a', 'b'].flatMap((id) => [
  scored(id, 'chosen', 0, 3),
  scored(id, 'sft', 1, 1),
  scored(id, 'rejected', 0, 1),
  scored(id, 'sft', 0, 2),
  scored(id, 'base', 0, 0),
]);

describe('merge', () => {
  it('puts samples first, by sampler and index, then chosen, then rejected', async () => {
    const { made, result } = merge([rows], [pair('b'), pair('a')]);
    expect(await result).toEqual({ ok: true, value: undefined });
    const ranked = made.rows<Ranked>('ranked');
    expect(ranked.map((row) => row.id)).toEqual(['b', 'a']);
    expect(ranked[1]).toEqual({
      id: 'a',
      query: 'Prompt a',
      responses: ['a base 0', 'a sft 0', 'a sft 1', 'a chosen 0', 'a rejected 0'],
      scores: [0, 2, 1, 3, 1],
      provenance: [
        { source: 'sample', sampler: 'base', index: 0, finish: 'eos' },
        { source: 'sample', sampler: 'sft', index: 0, finish: 'eos' },
        { source: 'sample', sampler: 'sft', index: 1, finish: 'eos' },
        { source: 'chosen', sampler: 'chosen', index: 0, finish: 'eos' },
        { source: 'rejected', sampler: 'rejected', index: 0, finish: 'eos' },
      ],
    });
  });

  it('keeps the samples of one sampler together', async () => {
    const mixed = [scored('a', 'sft', 0, 1), scored('a', 'base', 1, 2), scored('a', 'base', 0, 3)];
    const { made, result } = merge([mixed], null);
    await result;
    expect(made.rows<Ranked>('ranked')[0]?.responses).toEqual(['a base 0', 'a base 1', 'a sft 0']);
  });

  it('writes the statistics of Table 6, and ties', async () => {
    const { made, result } = merge([rows], null);
    await result;
    expect(made.json('metrics')).toEqual({
      mean: 1.4,
      std: expect.closeTo(Math.sqrt(1.04), 12),
      std_estimator: 'population',
      max: 3,
      queries: 2,
      responses: 5,
      pairs: 20,
      tied_pairs: 2,
      best: { chosen: 2 },
    });
    expect(made.told.notes).toEqual(['2 queries x 5 responses; 2 of 20 pairs tie and rank nothing.']);
  });

  it('takes policies D and P by include, and says what it left', async () => {
    const d = merge([rows], null, { include: ['samples'] });
    await d.result;
    expect(d.made.rows<Ranked>('ranked')[0]?.responses).toEqual(['a base 0', 'a sft 0', 'a sft 1']);
    expect(d.made.told.notes[0]).toContain('4 scored responses not included');
    const p = merge([rows], null, { include: ['chosen', 'rejected'] });
    await p.result;
    expect(p.made.rows<Ranked>('ranked')[0]?.scores).toEqual([3, 1]);
  });

  it('gives the same bytes whatever the order of rows and files', async () => {
    const pairs = [pair('a'), pair('b')];
    const { made, result } = merge([rows], pairs);
    await result;
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 0, max: rows.length }), async (seed, at) => {
        const shuffled = randomStream(seed).shuffle(rows);
        const other = merge([shuffled.slice(0, at), shuffled.slice(at)], pairs);
        await other.result;
        expect(other.made.rows('ranked')).toEqual(made.rows('ranked'));
      }),
      { numRuns: 10 },
    );
  });

  it.each([
    ['a ragged query', [...rows, scored('b', 'sft', 2, 0)], null, { code: 'ragged-query' }],
    [
      'a query that has other samplers',
      [scored('a', 'x', 0, 0), scored('b', 'y', 0, 0)],
      null,
      { code: 'ragged-query' },
    ],
    ['an unscored query', rows, [pair('a'), pair('b'), pair('c')], { code: 'unscored-query' }],
    ['a query that pairs does not have', rows, [pair('a')], { code: 'unknown-query', row: 6 }],
    [
      'the same response twice',
      [...rows, scored('a', 'sft', 1, 5)],
      null,
      { code: 'duplicate-response', row: 11 },
    ],
    [
      'one id for two prompts',
      [...rows, scored('a', 'z', 0, 5, { prompt: 'Else' })],
      null,
      { code: 'prompt-mismatch', row: 11 },
    ],
    [
      'a score of NaN',
      [rows[0] as Scored, JSON.stringify(rows[1]).replace('"score":1', '"score":NaN')],
      null,
      { code: 'score-not-finite', row: 2 },
    ],
    ['a score of null', [{ ...rows[0], score: null }], null, { code: 'score-not-finite', row: 1 }],
    ['a response without a score', [{ ...rows[0], score: undefined }], null, { code: 'bad-record', row: 1 }],
    ['nothing', [], null, { code: 'nothing-scored' }],
  ])('refuses %s and writes nothing', async (_, list, pairs, error) => {
    const { made, result } = merge([list], pairs);
    expect(await result).toMatchObject({ ok: false, error });
    expect(existsSync(made.out('ranked'))).toBe(false);
  });
});
