/** @file RRHF of a batch of queries as feeds: equations (1) to (5) become constant matrices over the token log-probabilities. */
import { type RrhfInput, rrhfTerms } from '../objectives/rrhf.ts';
import type { Tensors } from '../runtime/onnx/session.ts';
import { longs, type MicroBatch, paddedLength, responseRows } from '../runtime/onnx/train/batch.ts';
import type { Query } from './rows.ts';

export type RrhfOptions = Pick<RrhfInput, 'form' | 'normalise' | 'sft' | 'lengthPenalty' | 'ties'> & {
  readonly weight: number;
  readonly alpha: number;
};

/** The loss is the mean over the batch's queries of each query's total. */
export function collateQueries(
  tensors: Tensors,
  micro: readonly Query[],
  batchSize: number,
  options: RrhfOptions,
): MicroBatch {
  const sequences = micro.flatMap((item) => item.sequences);
  const { rows, targets, starts } = responseRows(sequences, paddedLength(sequences));
  const segments = new Float32Array(sequences.length * rows.length);
  const coefficients = new Float32Array(rows.length);
  const pairs: (readonly [low: number, high: number])[] = [];
  let first = 0;
  for (const { sequences: responses, scores } of micro) {
    const lengths = responses.map(({ response }) => response.length);
    const queryLength = responses[0]?.query.length ?? 0;
    const terms = rrhfTerms(lengths, scores, { ...options, queryLength });
    for (const [i, divisor] of terms.divisors.entries()) {
      const s = first + i;
      segments.fill(
        1 / divisor,
        s * rows.length + (starts[s] as number),
        s * rows.length + (starts[s + 1] as number),
      );
    }
    const best = first + terms.best;
    coefficients.fill(options.alpha / (terms.sftDivisor * batchSize), starts[best], starts[best + 1]);
    for (const [low, high] of terms.pairs) pairs.push([first + low, first + high]);
    first += responses.length;
  }
  // Scores that all tie leave no pair; a row of zeros keeps the product defined and contributes nothing.
  const count = Math.max(1, pairs.length);
  const signs = new Float32Array(count * sequences.length);
  for (const [row, [low, high]] of pairs.entries()) {
    signs[row * sequences.length + low] = 1;
    signs[row * sequences.length + high] = -1;
  }
  return {
    sequences,
    feeds: {
      rows: longs(tensors, rows),
      targets: longs(tensors, targets),
      coefficients: tensors.float(coefficients, [rows.length]),
      segments: tensors.float(segments, [sequences.length, rows.length]),
      pairs: tensors.float(signs, [count, sequences.length]),
      pairWeights: tensors.float(new Float32Array(count).fill(options.weight / batchSize), [count, 1]),
    },
  };
}
