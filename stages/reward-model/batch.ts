/** @file Bradley-Terry on a batch of pairs as feeds. Each item is [chosen, rejected]. */
import type { Tensors } from '../runtime/onnx/session.ts';
import { lastRows, longs, type MicroBatch, paddedLength } from '../runtime/onnx/train/batch.ts';
import type { Item } from '../runtime/training/item.ts';

/** loss = mean over pairs of -log sigmoid(chosen - rejected) + mu * mean over both sides of R². */
export function collatePairs(
  tensors: Tensors,
  micro: readonly Item[],
  batch: readonly Item[],
  regularization: number,
): MicroBatch {
  const sequences = micro.flatMap((item) => item.sequences);
  const pairs = new Float32Array(micro.length * sequences.length);
  for (let i = 0; i < micro.length; i++) {
    pairs[i * sequences.length + 2 * i] = 1;
    pairs[i * sequences.length + 2 * i + 1] = -1;
  }
  const sides = 2 * batch.length;
  return {
    sequences,
    feeds: {
      rows: longs(tensors, lastRows(sequences, paddedLength(sequences))),
      pairs: tensors.float(pairs, [micro.length, sequences.length]),
      pairWeights: tensors.float(new Float32Array(micro.length).fill(1 / batch.length), [micro.length, 1]),
      squareWeights: tensors.float(new Float32Array(sequences.length).fill(regularization / sides), [
        sequences.length,
        1,
      ]),
    },
  };
}
