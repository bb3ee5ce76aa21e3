import type { Sequence } from '../onnx/api.ts';

/** What is trained on together: one demonstration, the two sides of a pair, all responses of a query. */
export interface Item {
  readonly sequences: readonly Sequence[];
}
