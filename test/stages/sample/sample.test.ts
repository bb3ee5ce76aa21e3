import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Response, Scored } from '../../../stages/runtime/record-types.ts';
import type { Params } from '../../../stages/sample/params.generated.ts';
import { run } from '../../../stages/sample/run.ts';
import type { Params as ScoreParams } from '../../../stages/score/params.generated.ts';
import { run as score } from '../../../stages/score/run.ts';
import { folder, type Rig, rig } from '../../rigs/context.ts';
import { savedModel } from '../../rigs/saved-model.ts';

const prompts = ['a', 'b', 'c'].map((id) => ({ id, prompt: `\n\nHuman: ${id}?\n\nAssistant:` }));

function file(rows: readonly object[]): string {
  const path = join(folder(), 'rows.jsonl');
  writeFileSync(path, rows.map((row) => JSON.stringify(row)).join('\n'));
  return path;
}

let policy = '';
let other = '';
let reward = '';
beforeAll(async () => {
  policy = await savedModel('policy', 1);
  other = await savedModel('policy', 2);
  reward = await savedModel('reward', 3);
});

function sampler(
  parameters: Partial<Params>,
  rows: readonly object[] = prompts,
  models = { sft: policy },
): Rig<Params> {
  return rig<Params>('sample', { models, prompts: file(rows) }, { max_new_tokens: 12, ...parameters });
}

async function sample(...args: Parameters<typeof sampler>): Promise<Rig<Params>> {
  const made = sampler(...args);
  const result = await run(made.ctx);
  if (!result.ok) throw new Error(result.error.message);
  return made;
}

describe('sample', () => {
  it('writes who sampled what, with which settings, in a fixed order', async () => {
    const models = { sft: policy, base: other };
    const made = await sample({ n: 2 }, prompts, models);
    const rows = made.rows<Response>('responses');
    expect(rows.map(({ sampler, id, index }) => `${sampler} ${id} ${index}`)).toEqual(
      ['base', 'sft'].flatMap((label) =>
        prompts.flatMap(({ id }) => [0, 1].map((i) => `${label} ${id} ${i}`)),
      ),
    );
    expect(rows[0]).toMatchObject({
      source: 'sample',
      settings: { strategy: 'sample', temperature: 1, n: 2 },
    });
    expect(rows.every((row) => row.tokens <= 12 && (row.logprob as number) < 0)).toBe(true);
    expect(made.told.notes[0]).toMatch(/^base: 6 responses, mean [\d.]+ tokens; /);
  });

  it('gives a prompt the same responses whatever else is sampled', async () => {
    const all = (await sample({ n: 3 })).rows<Response>('responses');
    const alone = (await sample({ n: 3, batch: 1 }, prompts.slice(1, 2))).rows<Response>('responses');
    expect(alone.map((row) => row.response)).toEqual(all.slice(3, 6).map((row) => row.response));
    const reseeded = (await sample({ n: 3, seed: 2 })).rows<Response>('responses');
    expect(reseeded).not.toEqual(all);
  });

  it('is deterministic by diverse beam search, one response a group', async () => {
    const first = (await sample({ strategy: 'diverse-beam', groups: 3 })).rows<Response>('responses');
    expect(first).toHaveLength(9);
    const second = (await sample({ strategy: 'diverse-beam', groups: 3, seed: 9 })).rows<Response>(
      'responses',
    );
    expect(second.map((row) => row.response)).toEqual(first.map((row) => row.response));
    expect(new Set(first.slice(0, 3).map((row) => row.response)).size).toBe(3);
  });

  it('says how many queries it cut', async () => {
    const made = await sample({ max_query_tokens: 5, n: 1 });
    expect(made.told.notes[0]).toBe(
      '3 queries cut to 5 tokens (their first tokens dropped), of 3 prompts for sft.',
    );
  });

  it.each([
    ['a reward model', () => sampler({}, prompts, { sft: reward }), 'wrong-model'],
    ['one id twice', () => sampler({}, [...prompts, ...prompts]), 'duplicate-id'],
    ['no prompt', () => sampler({}, []), 'no-rows'],
    ['more tokens than the model has positions', () => sampler({ max_new_tokens: 120 }), 'sequence-too-long'],
    [
      'a query it may not cut',
      () => sampler({ truncate_query: 'refuse', max_query_tokens: 5 }),
      'query-too-long',
    ],
    ['contradicting settings', () => sampler({ strategy: 'greedy', n: 2 }), 'bad-generation'],
    ['a folder that is no model', () => sampler({}, prompts, { sft: folder() }), 'model-missing'],
  ])('refuses %s', async (_, made, code) => {
    expect(await run(made().ctx)).toMatchObject({ ok: false, error: { code } });
  });
});

describe('a run that is stopped', () => {
  it('ends sampling and scoring as cancelled, writing nothing', async () => {
    const stopped = AbortSignal.abort();
    const models = { sft: policy };
    const sampling = rig<Params>(
      'sample',
      { models, prompts: file(prompts) },
      { max_new_tokens: 4 },
      { signal: stopped },
    );
    expect(await run(sampling.ctx)).toMatchObject({ error: { code: 'cancelled' } });
    const pairs = file(prompts.map((prompt) => ({ ...prompt, chosen: ' a', rejected: ' b' })));
    const scoring = rig<ScoreParams>('score', { model: reward, pairs }, {}, { signal: stopped });
    expect(await score(scoring.ctx)).toMatchObject({ error: { code: 'cancelled' } });
    expect([sampling.out('responses'), scoring.out('scored')].filter(existsSync)).toEqual([]);
  });
});

describe('score by model', () => {
  const pairs = prompts.map((prompt, i) => ({ ...prompt, chosen: ' yes', rejected: ` no${'!'.repeat(i)}` }));

  function scorer(model: string, parameters: Partial<ScoreParams>, responses?: string): Rig<ScoreParams> {
    return rig<ScoreParams>(
      'score',
      { model, pairs: file(pairs), ...(responses ? { responses } : {}) },
      parameters,
    );
  }

  it('scores responses and pairs by a reward model, alone as in company', async () => {
    const sampled = await sample({ n: 2 });
    const all = scorer(reward, { scorer: 'rm' }, sampled.out('responses'));
    expect(await score(all.ctx)).toEqual({ ok: true, value: undefined });
    const rows = all.rows<Scored>('scored');
    expect(rows.map((row) => row.source)).toEqual([
      ...Array(6).fill('sample'),
      ...Array(3).fill(['chosen', 'rejected']).flat(),
    ]);
    expect(new Set(rows.map((row) => row.score)).size).toBeGreaterThan(6);
    expect(rows[6]).toMatchObject({ tokens: 4, finish: 'given', scorer: 'rm' });
    const alone = scorer(reward, {});
    await score(alone.ctx);
    alone.rows<Scored>('scored').forEach((row, i) => {
      expect(row.score).toBeCloseTo(rows[6 + i]?.score as number, 4);
    });
  });

  it('scores by length-normalised log-probability: equation 1, as the sampler counted it', async () => {
    const sampled = await sample({ n: 8, max_new_tokens: 2 });
    const made = scorer(policy, { by: 'logprob' }, sampled.out('responses'));
    expect((await score(made.ctx)).ok).toBe(true);
    // Sampled bytes need not be UTF-8, and then read back otherwise: only text that survived can be compared.
    const whole = made
      .rows<Scored>('scored')
      .filter((row) => row.source === 'sample' && !row.response.includes('\uFFFD'));
    expect(whole.length).toBeGreaterThan(3);
    for (const row of whole) {
      const length = row.tokens + (row.finish === 'eos' ? 1 : 0);
      expect(row.score).toBeCloseTo((row.logprob as number) / length, 4);
    }
  });

  it.each([
    ['a policy that is asked for rewards', () => scorer(policy, {}), 'wrong-model'],
    [
      'a reward model that is asked for log-probabilities',
      () => scorer(reward, { by: 'logprob' }),
      'wrong-model',
    ],
    ['no model', () => rig<ScoreParams>('score', { pairs: file(pairs) }), 'missing-model'],
    [
      'more tokens than positions',
      () =>
        scorer(
          reward,
          { max_response_tokens: 500 },
          file([
            {
              ...pairs[0],
              response: 'x'.repeat(200),
              source: 'sample',
              sampler: 's',
              index: 0,
              finish: 'eos',
              tokens: 200,
              logprob: null,
            },
          ]),
        ),
      'sequence-too-long',
    ],
  ])('refuses %s', async (_, made, code) => {
    expect(await score(made().ctx)).toMatchObject({ ok: false, error: { code } });
  });
});
