/** @file Bradley-Terry reward model (Safe RLHF 5.1, sequence-wise): the score at the last token, EOS where the response was not cut. */
import { writeFile } from 'node:fs/promises';
import { ok, type Result } from '../../base/result.ts';
import { wilsonInterval } from '../objectives/intervals.ts';
import { rewardModel } from '../objectives/reward-model.ts';
import type { Context } from '../protocol/context.ts';
import type { Failure } from '../protocol/failure.ts';
import type { Model } from '../runtime/onnx/api.ts';
import { loadModel, saveModel } from '../runtime/onnx/folder.ts';
import { withScoreHead } from '../runtime/onnx/init.ts';
import { openScorer } from '../runtime/onnx/score.ts';
import { tensors } from '../runtime/onnx/session.ts';
import { openTrainer } from '../runtime/onnx/train/trainer.ts';
import { renderExample } from '../runtime/training/example.ts';
import type { Item } from '../runtime/training/item.ts';
import { train } from '../runtime/training/loop.ts';
import { adamwOptions } from '../runtime/training/params.ts';
import { checkItems } from '../runtime/training/prepare.ts';
import { collatePairs } from './batch.ts';
import type { Params } from './params.generated.ts';
import { readPairs } from './rows.ts';

export async function run(ctx: Context<Params>): Promise<Result<void, Failure>> {
  const params = ctx.with;
  const loaded = await loadModel(ctx.input('model'));
  if (!loaded.ok) return loaded;
  const model = withScoreHead(loaded.value, ctx.random('weights'));
  const read = await readPairs(ctx.input('pairs'), params, model.tokenizer);
  if (!read.ok) return read;
  for (const note of read.value.notes) ctx.note(note);
  const { items } = read.value;
  const checked = checkItems(model, items, (item) => item.sequences);
  if (!checked.ok) return checked;

  const make = await tensors();
  const trainer = await openTrainer(model, 'bradleyTerry', adamwOptions(params), ctx.threads);
  const summary = await train({
    ctx,
    kind: 'reward-model',
    params,
    model,
    trainer,
    items,
    collate: (micro, batch) => collatePairs(make, micro, batch, params.regularization),
    metrics: ({ outputs }) => ({
      accuracy: pairAccuracy(outputs.map((output) => [...(output['scores'] as Float32Array)])),
    }),
  });
  if (!summary.ok) return summary;
  const trained: Model = { ...model, weights: trainer.weights() };
  await trainer.close();
  const test = ctx.optional('test');
  const held = test === undefined ? ok(null) : await heldOut(ctx, test, trained);
  if (!held.ok) return held;

  await saveModel(trained, ctx.output('model'));
  await writeFile(
    ctx.output('example'),
    renderExample(model.tokenizer, 'Reward model: the score is read at the last token', titled(items)),
  );
  const metrics = { ...summary.value, ...(held.value ? { test: held.value } : {}) };
  await writeFile(ctx.output('metrics'), `${JSON.stringify(metrics, null, 2)}\n`);
  return ok(undefined);
}

function titled(items: readonly Item[]): { title: string; sequence: Item['sequences'][number] }[] {
  return items
    .slice(0, 1)
    .flatMap(({ sequences }) =>
      sequences.map((sequence, i) => ({ title: i === 0 ? 'chosen' : 'rejected', sequence })),
    );
}

/** Scores alternate chosen, rejected; a tie is not a hit. */
function pairAccuracy(micros: readonly (readonly number[])[]): number {
  const scores = micros.flat();
  let hits = 0;
  for (let i = 0; i < scores.length; i += 2) if ((scores[i] as number) > (scores[i + 1] as number)) hits++;
  return hits / (scores.length / 2);
}

interface HeldOut {
  readonly pairs: number;
  readonly loss: number;
  /** Share with chosen above rejected, strictly, with its Wilson 95 % interval. */
  readonly accuracy: number;
  readonly accuracy_interval: readonly [low: number, high: number];
  readonly mean: { readonly chosen: number; readonly rejected: number };
}

async function heldOut(ctx: Context<Params>, path: string, model: Model): Promise<Result<HeldOut, Failure>> {
  const read = await readPairs(path, ctx.with, model.tokenizer);
  if (!read.ok) return read;
  const scorer = await openScorer(model, { threads: ctx.threads });
  const scores = await scorer.rewards(read.value.items.flatMap((item) => item.sequences));
  await scorer.close();
  const chosen = scores.filter((_, i) => i % 2 === 0);
  const rejected = scores.filter((_, i) => i % 2 === 1);
  const { loss, accuracy } = rewardModel({ chosen, rejected, regularization: ctx.with.regularization });
  const hits = Math.round(accuracy * chosen.length);
  const { low, high } = wilsonInterval(hits, chosen.length);
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const percent = (x: number): string => (100 * x).toFixed(1);
  ctx.note(
    `held-out accuracy ${percent(accuracy)} % [${percent(low)}, ${percent(high)}] on ${chosen.length} pairs`,
  );
  return ok({
    pairs: chosen.length,
    loss,
    accuracy,
    accuracy_interval: [low, high],
    mean: { chosen: mean(chosen), rejected: mean(rejected) },
  });
}
