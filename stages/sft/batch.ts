/** @file Cross-entropy of a batch of demonstrations as feeds: the coefficients hold mask and reduction. */

import type { Tensors } from '../runtime/onnx/session.ts';
import { longs, type MicroBatch, paddedLength, responseRows } from '../runtime/onnx/train/batch.ts';
import type { Item } from '../runtime/training/item.ts';

export type Reduction = 'mean_tokens' | 'mean_rows';

/** Factor of each of a row's `length` tokens, given the sizes of the whole batch. */
const factors: {
  readonly [R in Reduction]: (length: number, batch: { rows: number; tokens: number }) => number;
} = {
  mean_tokens: (_length, { tokens }) => 1 / tokens,
  mean_rows: (length, { rows }) => 1 / (length * rows),
};

export function collateDemonstrations(
  tensors: Tensors,
  micro: readonly Item[],
  batch: readonly Item[],
  reduction: Reduction,
): MicroBatch {
  const sequences = micro.flatMap((item) => item.sequences);
  const whole = batch.flatMap((item) => item.sequences);
  const sizes = { rows: whole.length, tokens: whole.reduce((sum, { response }) => sum + response.length, 0) };
  const { rows, targets } = responseRows(sequences, paddedLength(sequences));
  const coefficients = sequences.flatMap(({ response }) =>
    response.map(() => factors[reduction](response.length, sizes)),
  );
  return {
    sequences,
    feeds: {
      rows: longs(tensors, rows),
      targets: longs(tensors, targets),
      coefficients: tensors.float(Float32Array.from(coefficients), [coefficients.length]),
    },
  };
}
