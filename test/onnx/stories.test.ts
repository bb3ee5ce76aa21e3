import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDecoder } from '../../stages/runtime/onnx/decode/decoder.ts';
import { loadModel } from '../../stages/runtime/onnx/folder.ts';
import { openScorer } from '../../stages/runtime/onnx/score.ts';
import { generations, greedy } from '../rigs/decoding.ts';

const folder = join(import.meta.dirname, '../../../shared/data/stories260k');
const here = existsSync(folder);
const title = (text: string): string =>
  here ? text : `${text} (skipped: ../shared/data/stories260k is absent)`;

interface Reference {
  readonly greedy: readonly { prompt: string; prompt_ids: number[]; output_ids: number[]; text: string }[];
  readonly logprobs: readonly { text: string; ids: number[]; token_logprobs: number[] }[];
}
const reference = (): Reference => JSON.parse(readFileSync(join(folder, 'reference.json'), 'utf8'));

test.skipIf(!here)(title('a real model decodes its reference text exactly'), async () => {
  const model = await loadModel(folder);
  if (!model.ok) throw new Error(model.error.message);
  const decoder = await openDecoder(model.value, { threads: 2 });
  const cases = reference().greedy;
  const made = await generations(
    decoder,
    cases.map(({ prompt_ids }) => prompt_ids),
    { ...greedy, maxNewTokens: 48 },
  );
  await decoder.close();
  expect(made.map(([one]) => one?.ids)).toEqual(cases.map(({ output_ids }) => output_ids));
  expect(made.map(([one]) => one?.text)).toEqual(cases.map(({ text }) => text));
});

test.skipIf(!here)(title('its log-probabilities agree with double precision to 1e-4'), async () => {
  const model = await loadModel(folder);
  if (!model.ok) throw new Error(model.error.message);
  const scorer = await openScorer(model.value, { threads: 2 });
  const cases = reference().logprobs;
  const scored = await scorer.logprobs(
    cases.map(({ ids }) => ({ query: ids.slice(0, 1), response: ids.slice(1) })),
  );
  await scorer.close();
  for (const [i, { token_logprobs: expected }] of cases.entries()) {
    const worst = Math.max(...expected.map((value, t) => Math.abs(value - (scored[i]?.[t] ?? Number.NaN))));
    expect(worst).toBeLessThan(1e-4);
  }
});

test.skipIf(!here)(title('its tokenizer gives the reference ids and reads them back'), async () => {
  const model = await loadModel(folder);
  if (!model.ok) throw new Error(model.error.message);
  const { tokenizer } = model.value;
  for (const { text, ids } of reference().logprobs) {
    expect([tokenizer.bos, ...tokenizer.encode(text)]).toEqual(ids);
    expect(tokenizer.decode(ids)).toBe(text);
  }
  // Data cannot spell an end of sequence.
  expect(tokenizer.encode('one</s>two')).not.toContain(tokenizer.eos);
});

test.skipIf(!here)(title('sampling at full size does not depend on the batch'), async () => {
  const model = await loadModel(folder);
  if (!model.ok) throw new Error(model.error.message);
  const decoder = await openDecoder(model.value, { threads: 2 });
  const prompts = ['Once upon a time', 'Tom', 'The big dog ran to', 'Lily and her mom', 'One day'].map(
    (text) => [1, ...model.value.tokenizer.encode(text)],
  );
  const options = { ...greedy, strategy: 'sample', n: 3, topP: 0.95, stop: ['.'], maxNewTokens: 40 } as const;
  const wide = await generations(decoder, prompts, { ...options, batch: 32 });
  const narrow = await generations(decoder, prompts, { ...options, batch: 3 });
  await decoder.close();
  expect(narrow).toEqual(wide);
  expect(wide.flat().some(({ finish }) => finish === 'stop')).toBe(true);
});
