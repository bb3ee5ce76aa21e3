/** @file The training losses as graphs, from hidden states to one scalar; each has a pure form in `stages/objectives`. */
import type { LlamaConfig } from '../api.ts';
import type { Tape } from '../autodiff/tape.ts';
import type { Value } from '../graph.ts';
import { headName } from '../llama.ts';

export type LossName = 'crossEntropy' | 'rrhf' | 'bradleyTerry';

interface Trunk {
  readonly config: LlamaConfig;
  /** [B·T, M] */
  readonly hidden: Value;
  readonly parameter: (name: string) => Value;
}

interface LossGraph {
  readonly loss: Value;
  /** Further scalars and vectors to read back, by name. */
  readonly outputs: { readonly [name: string]: Value };
}

type BuildLoss = (tape: Tape, trunk: Trunk) => LossGraph;

/** log P of each target token [R], from the positions `rows` of the flattened batch. */
function tokenLogprobs(tape: Tape, { config, hidden, parameter }: Trunk): Value {
  const g = tape.graph;
  const rows = tape.apply('rows', [hidden, g.input('rows', 'int64', ['R'])], { repeats: false });
  return tape.apply(
    'tokenLogprob',
    [rows, parameter(headName(config)), g.input('targets', 'int64', ['R'])],
    {},
  );
}

/** -sum_t c_t log P_t; the coefficients `c` [R] hold the reduction and the mask. */
function negativeWeighted(tape: Tape, logprobs: Value): Value {
  const weighted = tape.apply('multiply', [logprobs, tape.graph.input('coefficients', 'float32', ['R'])], {});
  return tape.apply('scale', [tape.apply('sum', [weighted], {})], { factor: -1 });
}

/** data [A,R] times a column vector x [R,1] -> [A,1] */
function apply(tape: Tape, data: Value, x: Value): Value {
  return tape.apply('matmul', [data, x], { transA: false, transB: false, alpha: 1 });
}

export const losses: { readonly [L in LossName]: BuildLoss } = {
  crossEntropy: (tape, trunk) => {
    const logprobs = tokenLogprobs(tape, trunk);
    return { loss: negativeWeighted(tape, logprobs), outputs: { logprobs } };
  },

  // RRHF eqs. 1-5: p = segments · logprobs; one row of `pairs` per (i, j) with r_i < r_j holds +1 at i and -1 at j.
  rrhf: (tape, trunk) => {
    const g = tape.graph;
    const logprobs = tokenLogprobs(tape, trunk);
    const column = tape.apply('reshape', [logprobs, g.ints([-1, 1])], {});
    const p = apply(tape, g.input('segments', 'float32', ['S', 'R']), column);
    const violations = tape.apply('relu', [apply(tape, g.input('pairs', 'float32', ['D', 'S']), p)], {});
    const weighted = tape.apply('multiply', [violations, g.input('pairWeights', 'float32', ['D', 1])], {});
    const rank = tape.apply('sum', [weighted], {});
    const sft = negativeWeighted(tape, logprobs);
    return { loss: tape.apply('add', [rank, sft], {}), outputs: { rank, sft, p, logprobs } };
  },

  // Bradley-Terry: one row of `pairs` per comparison holds +1 at the chosen and -1 at the rejected; plus mu times the mean square.
  bradleyTerry: (tape, trunk) => {
    const g = tape.graph;
    const last = tape.apply('rows', [trunk.hidden, g.input('rows', 'int64', ['R'])], { repeats: false });
    const scores = tape.apply('linear', [last, trunk.parameter('score.weight')], {});
    const margins = tape.apply(
      'logSigmoid',
      [apply(tape, g.input('pairs', 'float32', ['D', 'R']), scores)],
      {},
    );
    const ranked = tape.apply(
      'sum',
      [tape.apply('multiply', [margins, g.input('pairWeights', 'float32', ['D', 1])], {})],
      {},
    );
    const squares = tape.apply(
      'multiply',
      [tape.apply('multiply', [scores, scores], {}), g.input('squareWeights', 'float32', ['R', 1])],
      {},
    );
    const preference = tape.apply('scale', [ranked], { factor: -1 });
    const penalty = tape.apply('sum', [squares], {});
    return { loss: tape.apply('add', [preference, penalty], {}), outputs: { preference, penalty, scores } };
  },
};
