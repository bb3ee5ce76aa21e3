import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Metrics } from '../../../stages/evaluate/measure.ts';
import type { Params } from '../../../stages/evaluate/params.generated.ts';
import { run } from '../../../stages/evaluate/run.ts';
import type { Scored } from '../../../stages/runtime/record-types.ts';
import { folder, type Rig, rig } from '../../rigs/context.ts';
import { savedModel } from '../../rigs/saved-model.ts';

const prompts = ['a', 'b', 'c', 'd'].map((id) => ({ id, prompt: `\n\nHuman: ${id}?\n\nAssistant:` }));
const pairs = prompts.map((prompt, i) => ({ ...prompt, chosen: ` yes ${i}`, rejected: ' no' }));

function file(rows: readonly object[]): string {
  const path = join(folder(), 'rows.jsonl');
  writeFileSync(path, rows.map((row) => JSON.stringify(row)).join('\n'));
  return path;
}

const models: { [label: string]: string } = {};
let judge = '';
let independent = '';
beforeAll(async () => {
  models['sft'] = await savedModel('policy', 1);
  models['rrhf[seed=1]'] = await savedModel('policy', 2);
  models['rrhf[seed=2]'] = await savedModel('policy', 3);
  judge = await savedModel('reward', 4);
  independent = await savedModel('reward', 5);
});

type Inputs = Parameters<typeof rig>[1];

function evaluation(inputs: Inputs, parameters: Partial<Params> = {}): Rig<Params> {
  return rig<Params>(
    'evaluate',
    { models, judge, prompts: file(pairs), ...inputs },
    { max_new_tokens: 8, resamples: 100, ...parameters },
  );
}

describe('evaluate', () => {
  it('compares models, seeds, references and best-of-n under several judges', async () => {
    const ranked = [
      {
        id: 'a',
        query: 'q',
        responses: ['x', 'y'],
        scores: [0, 2],
        provenance: [0, 1].map((index) => ({ source: 'sample', sampler: 'sft', index })),
      },
    ];
    const inputs = {
      judges: { independent },
      perplexity: models['sft'] as string,
      ranked: { rrhf: file(ranked) },
    };
    const made = evaluation(inputs, { baseline: 'sft', best_of: { sft: 3, rrhf: 2 } });
    expect(await run(made.ctx)).toEqual({ ok: true, value: undefined });

    const metrics = made.json<Metrics>('metrics');
    expect(Object.entries(metrics.rows).map(([label, row]) => [label, row.kind, row.n])).toEqual([
      ['chosen', 'reference', 4],
      ['rejected', 'reference', 4],
      ['rrhf[seed=1]', 'model', 4],
      ['rrhf[seed=2]', 'model', 4],
      ['rrhf', 'pooled', 8],
      ['sft', 'model', 4],
      ['sft best-of-3', 'best-of', 4],
      ['rrhf[seed=1] best-of-2', 'best-of', 4],
      ['rrhf[seed=2] best-of-2', 'best-of', 4],
      ['rrhf best-of-2', 'pooled', 8],
    ]);
    expect(Object.keys(metrics.accuracy)).toEqual(['judge', 'independent']);
    expect(metrics.accuracy['judge']?.n).toBe(4);
    expect(metrics.training['rrhf']).toMatchObject({ mean: 1, max: 2 });
    for (const row of Object.values(metrics.rows)) {
      expect(row.judges['independent']?.reward.n).toBe(4);
      expect(row.perplexity?.corpus).toBeGreaterThan(1);
    }
    expect(metrics.rows['chosen']?.length.tokens).toBe(6);

    const rows = made.rows<Scored>('responses');
    expect(rows).toHaveLength(8 * 4);
    const best = rows.filter((row) => row.sampler === 'sft best-of-3');
    expect(best.reduce((total, row) => total + row.score, 0) / 4).toBeCloseTo(
      metrics.rows['sft best-of-3']?.reward.mean as number,
      6,
    );
    expect(made.told.reports[0]).toContain('| rrhf (2 seeds) |');
  });

  it('gives the same bytes again, and other samples by another seed', async () => {
    const numbers = async (parameters: Partial<Params>): Promise<Metrics> => {
      const made = evaluation({ prompts: file(prompts) }, { best_of: { sft: 2 }, ...parameters });
      expect((await run(made.ctx)).ok).toBe(true);
      return made.json<Metrics>('metrics');
    };
    const first = await numbers({});
    expect(await numbers({})).toEqual(first);
    expect(first.accuracy).toEqual({});
    expect(first.rows['chosen']).toBeUndefined();
    expect((await numbers({ seed: 2 })).rows['sft best-of-2']?.reward).not.toEqual(
      first.rows['sft best-of-2']?.reward,
    );
  });

  it('can leave the references out of the table and still gives accuracy', async () => {
    const made = evaluation({}, { references: false });
    await run(made.ctx);
    const metrics = made.json<Metrics>('metrics');
    expect(metrics.rows['chosen']).toBeUndefined();
    expect(metrics.accuracy['judge']?.n).toBe(4);
  });

  it.each([
    ['a baseline that is not compared', () => evaluation({}, { baseline: 'base' }), 'unknown-label'],
    ['best-of a model that is not there', () => evaluation({}, { best_of: { base: 2 } }), 'unknown-label'],
    ['a second judge of the same name', () => evaluation({ judges: { judge } }), 'duplicate-label'],
    [
      'pairs among prompts',
      () => evaluation({ prompts: file([pairs[0] as object, ...prompts.slice(1)]) }),
      'mixed-rows',
    ],
    ['a language model as judge', () => evaluation({ judge: models['sft'] as string }), 'wrong-model'],
    ['a reward model for perplexity', () => evaluation({ perplexity: judge }), 'wrong-model'],
    ['an empty ranking', () => evaluation({ ranked: { rrhf: file([]) } }), 'no-rows'],
  ])('refuses %s', async (_, made, code) => {
    expect(await run(made().ctx)).toMatchObject({ ok: false, error: { code } });
  });
});
