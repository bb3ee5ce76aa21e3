import { expect, test } from 'vitest';
import { rrhf } from '../../../stages/objectives/rrhf.ts';
import { collateQueries, type RrhfOptions } from '../../../stages/rrhf/batch.ts';
import type { Query } from '../../../stages/rrhf/rows.ts';
import { tensors } from '../../../stages/runtime/onnx/session.ts';
import { openTrainer } from '../../../stages/runtime/onnx/train/trainer.ts';
import { tinyModel } from '../../rigs/tiny-model.ts';

const adamw = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, clipNorm: 0 };
const queries: Query[] = [
  {
    sequences: [
      { query: [1, 5, 6], response: [8, 9, 2] },
      { query: [1, 5, 6], response: [10, 2] },
      { query: [1, 5, 6], response: [11, 12, 13, 14, 2] },
    ],
    scores: [0.3, -1, 0.3],
  },
  {
    sequences: [
      { query: [1, 7], response: [8, 2] },
      { query: [1, 7], response: [20, 21, 22, 2] },
      { query: [1, 7], response: [3, 4, 5] },
    ],
    scores: [1, 2, 3],
  },
];
const tied: Query[] = [{ ...queries[0]!, scores: [1, 1, 1] }];

const forms: [string, RrhfOptions][] = [
  ['paper', { form: 'paper', weight: 1, alpha: 1 }],
  ['released', { form: 'released', weight: 1, alpha: 1 }],
  ['released, weight 100', { form: 'released', weight: 100, alpha: 1 }],
  [
    'mean over the response, last of ties, length penalty',
    { form: 'paper', sft: 'mean_response', ties: 'last', lengthPenalty: 0.5, weight: 2, alpha: 0.3 },
  ],
  ['ranking alone', { form: 'paper', weight: 1, alpha: 0 }],
];

test.each(forms)('the graph and the pure objective agree: %s', async (_name, options) => {
  const model = tinyModel();
  const trainer = await openTrainer(model, 'rrhf', adamw, 1);
  for (const items of [queries, tied]) {
    const micro = collateQueries(await tensors(), items, items.length, options);
    const { loss, outputs } = await trainer.evaluate(micro);
    const logprobs = [...outputs['logprobs']!];
    const pure = items.map(({ sequences, scores }) => {
      const tokenLogprobs = sequences.map(({ response }) => logprobs.splice(0, response.length));
      return rrhf({ tokenLogprobs, scores, queryLength: sequences[0]!.query.length, ...options });
    });
    const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    expect(logprobs).toEqual([]);
    expect([...outputs['p']!].map((x) => x.toFixed(4))).toEqual(
      pure.flatMap(({ p }) => p).map((x) => x.toFixed(4)),
    );
    expect(outputs['rank']![0]).toBeCloseTo(options.weight * mean(pure.map(({ rank }) => rank)), 4);
    expect(outputs['sft']![0]).toBeCloseTo(options.alpha * mean(pure.map(({ sft }) => sft)), 4);
    expect(loss).toBeCloseTo(mean(pure.map(({ total }) => total)), 3);
  }
  await trainer.close();
});

test.each(forms.slice(0, 2))('a batch in parts has the loss of the whole: %s', async (_name, options) => {
  const trainer = await openTrainer(tinyModel(), 'rrhf', adamw, 1);
  const lossOf = async (items: readonly Query[]): Promise<number> =>
    (await trainer.evaluate(collateQueries(await tensors(), items, queries.length, options))).loss;
  const parts = [await lossOf([queries[0]!]), await lossOf([queries[1]!])];
  expect(parts[0]! + parts[1]!).toBeCloseTo(await lossOf(queries), 4);
  await trainer.close();
});

test('training on a ranking makes the better response likelier than the worse', async () => {
  const trainer = await openTrainer(tinyModel({}, 1), 'rrhf', adamw, 1);
  const micro = collateQueries(await tensors(), [queries[1]!], 1, { form: 'paper', weight: 1, alpha: 0 });
  for (let i = 0; i < 60; i++) await trainer.step([micro], 0.01);
  const [p1, p2, p3] = [...(await trainer.evaluate(micro)).outputs['p']!];
  await trainer.close();
  expect(p1!).toBeLessThanOrEqual(p2! + 0.02);
  expect(p2!).toBeLessThanOrEqual(p3! + 0.02);
});
