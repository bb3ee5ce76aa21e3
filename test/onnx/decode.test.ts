import { expect, test } from 'vitest';
import { beamSearch, diverseBeamSearch } from '../../stages/objectives/beam-search.ts';
import type { GenerateOptions, LlamaConfig, Model } from '../../stages/runtime/onnx/api.ts';
import { openDecoder } from '../../stages/runtime/onnx/decode/decoder.ts';
import { openScorer } from '../../stages/runtime/onnx/score.ts';
import { generations, greedy } from '../rigs/decoding.ts';
import { referenceLogprobs } from '../rigs/llama-reference.ts';
import { tinyModel } from '../rigs/tiny-model.ts';

const variants: [string, Partial<LlamaConfig>][] = [
  ['grouped queries, tied', {}],
  ['every head its own, untied', { num_key_value_heads: 4, tie_word_embeddings: false }],
  ['one key-value head, biases', { num_key_value_heads: 1, attention_bias: true }],
  ['wide heads of 16', { head_dim: 16, rope_theta: 500 }],
  ['heads of 24, padded to 32', { head_dim: 24 }],
];
/** Random biases, so that a bias in the wrong place shows. */
function model(overrides: Partial<LlamaConfig>): Model {
  const made = tinyModel(overrides, 20);
  let i = 0;
  for (const [name, { data }] of made.weights)
    if (name.endsWith('.bias')) for (let k = 0; k < data.length; k++) data[k] = Math.sin(++i);
  return made;
}
const prompts = [
  [1, 5, 6],
  [1],
  [1, 9, 8, 7, 6, 5, 4, 3],
  [1, 3, 3],
  [1, 22],
  [1, 17, 4, 11, 12, 13],
  [1, 20, 21],
];

test.each(variants)('greedy decoding follows a plain forward pass: %s', async (_name, overrides) => {
  const tiny = model(overrides);
  const decoder = await openDecoder(tiny, { threads: 1 });
  const made = await generations(decoder, prompts, { ...greedy, minNewTokens: 3 });
  await decoder.close();
  for (const [p, prompt] of prompts.entries()) {
    const [one] = made[p] ?? [];
    const ids: number[] = [...prompt];
    for (const [t, logprob] of (one?.logprobs ?? []).entries()) {
      const next = referenceLogprobs(tiny, ids).at(-1) ?? [];
      if (t < 3) next[2] = Number.NEGATIVE_INFINITY;
      const best = next.indexOf(Math.max(...next));
      expect(best).toBe(one?.ids[t] ?? 2);
      expect(Math.abs(logprob - (next[best] ?? 0))).toBeLessThan(1e-4);
      ids.push(best);
    }
    expect(one?.ids.length).toBeGreaterThanOrEqual(3);
  }
});

test('log-probabilities of cached decoding are those of a whole forward pass', async () => {
  const tiny = model({});
  const decoder = await openDecoder(tiny, { threads: 1 });
  const options: GenerateOptions = { ...greedy, strategy: 'sample', n: 3, temperature: 1.5 };
  const all = (await generations(decoder, prompts, options)).flat();
  await decoder.close();
  const scorer = await openScorer(tiny, { threads: 1 });
  const scored = await scorer.logprobs(
    all.map(({ prompt, ids, finish }) => ({
      query: prompts[prompt] ?? [],
      response: finish === 'eos' ? [...ids, 2] : ids,
    })),
  );
  await scorer.close();
  expect(all).toHaveLength(21);
  for (const [i, { logprobs }] of all.entries()) {
    expect(logprobs).toHaveLength(scored[i]?.length ?? -1);
    for (const [t, logprob] of logprobs.entries())
      expect(Math.abs(logprob - (scored[i]?.[t] ?? 0))).toBeLessThan(1e-4);
  }
});

test.each(['greedy', 'sample', 'beam', 'diverse-beam'] as const)(
  '%s gives the same whatever shares its batch',
  async (strategy) => {
    const decoder = await openDecoder(model({}), { threads: 1 });
    const options: GenerateOptions = { ...greedy, strategy, n: strategy === 'greedy' ? 1 : 4, topP: 0.9 };
    const together = await generations(decoder, prompts, { ...options, batch: 32 });
    const crowded = await generations(decoder, prompts, { ...options, batch: 5 });
    expect(crowded).toEqual(together);
    const alone: typeof together = [];
    for (const prompt of prompts.keys()) {
      // The prompt keeps its place, and with it its streams.
      const others = prompts.map((ids, p) => (p === prompt ? ids : [1]));
      alone.push((await generations(decoder, others, { ...options, batch: 4 }))[prompt] ?? []);
    }
    await decoder.close();
    expect(alone).toEqual(together);
  },
);

test.each([
  ['beam', { beams: 4, n: 4 }],
  ['diverse-beam', { beams: 3, groups: 3, n: 3 }],
  ['diverse-beam', { beams: 6, groups: 3, n: 3, diversityPenalty: 0.5, lengthPenalty: 0.7, minNewTokens: 2 }],
] as const)('%s with %o equals the pure search over a next-token function', async (strategy, extra) => {
  const tiny = model({});
  const decoder = await openDecoder(tiny, { threads: 1 });
  const options: GenerateOptions = { ...greedy, strategy, ...extra, maxNewTokens: 7 };
  const made = await generations(decoder, prompts.slice(0, 4), options);
  await decoder.close();
  for (const [p, prompt] of prompts.slice(0, 4).entries()) {
    const search = strategy === 'beam' ? beamSearch : diverseBeamSearch;
    const expected = search(
      (tokens) => Float32Array.from(referenceLogprobs(tiny, [...prompt, ...tokens]).at(-1) ?? []),
      { ...options, eos: 2 },
    ).slice(0, options.n);
    expect(made[p]?.map(({ ids, finish }) => ({ ids, finish }))).toEqual(
      expected.map(({ tokens, finish }) => ({ ids: tokens, finish })),
    );
    for (const [i, { logprobs }] of expected.entries())
      for (const [t, logprob] of logprobs.entries())
        expect(Math.abs((made[p]?.[i]?.logprobs[t] ?? 0) - logprob)).toBeLessThan(1e-4);
  }
});

test('a stop string ends a response, whole tokens before it are kept', async () => {
  const decoder = await openDecoder(model({}), { threads: 1 });
  const free = await generations(decoder, prompts, { ...greedy, minNewTokens: 12 });
  const text = free[0]?.[0]?.text ?? '';
  const stop = text.slice(4, 6);
  const cut = await generations(decoder, prompts, { ...greedy, minNewTokens: 12, stop: [stop] });
  await decoder.close();
  const at = text.indexOf(stop);
  expect(cut[0]?.[0]).toEqual({
    prompt: 0,
    index: 0,
    finish: 'stop',
    text: text.slice(0, at),
    ids: free[0]?.[0]?.ids.slice(0, at),
    logprobs: free[0]?.[0]?.logprobs.slice(0, at),
  });
});

test('generation ends where the positions of the model end', async () => {
  const decoder = await openDecoder(model({}), { threads: 1 });
  const prompt = Array.from({ length: 28 }, (_, i) => 1 + (i % 20));
  const [made] = await generations(decoder, [prompt], { ...greedy, maxNewTokens: 12, minNewTokens: 12 });
  expect(made?.[0]).toMatchObject({ finish: 'length', ids: { length: 4 } });
  await expect(generations(decoder, [Array.from({ length: 32 }, () => 1)], greedy)).rejects.toThrow(
    '32 positions',
  );
  await decoder.close();
});

test('the cache grows with the longest row: long rows follow a whole forward pass, and change nothing for short ones', async () => {
  const tiny = model({ max_position_embeddings: 256, head_dim: 16 });
  const decoder = await openDecoder(tiny, { threads: 1 });
  const options: GenerateOptions = { ...greedy, strategy: 'sample', maxNewTokens: 40, minNewTokens: 40 };
  const short = [1, 5, 6];
  const long = [1, ...Array.from({ length: 100 }, (_, i) => 3 + (i % 20))];
  const alone = await generations(decoder, [short], options);
  const together = await generations(decoder, [short, long], options);
  const [far] = await generations(decoder, [short], { ...options, maxNewTokens: 180, minNewTokens: 180 });
  await decoder.close();
  expect(together[0]).toEqual(alone[0]);
  const scorer = await openScorer(tiny, { threads: 1 });
  const [whole] = await scorer.logprobs([{ query: short, response: far?.[0]?.ids ?? [] }]);
  await scorer.close();
  expect(far?.[0]?.ids).toHaveLength(180);
  for (const [t, logprob] of (far?.[0]?.logprobs ?? []).entries())
    expect(Math.abs(logprob - (whole?.[t] ?? 0))).toBeLessThan(1e-4);
});
