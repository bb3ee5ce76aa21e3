/**
 * @file AdamW (Loshchilov and Hutter 2019, as torch.optim.AdamW) with global-norm clipping (as torch clip_grad_norm_), as one ONNX graph
 * over chunks of the flat parameter array:
 *   g <- g min(1, max_norm / (|g| + 1e-6));  m <- b1 m + (1-b1) g;  v <- b2 v + (1-b2) g²
 *   p <- p (1 - lr wd) - lr (m / (1-b1^t)) / (sqrt(v / (1-b2^t)) + eps)
 */
import { GraphBuilder, type Value } from '../graph.ts';
import { type Feeds, openSession, type Session, tensors } from '../session.ts';
import type { Layout } from './parameters.ts';

export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Largest global norm of the gradient; 0 turns clipping off. */
  readonly clipNorm: number;
}

/** What the optimiser carries from step to step, laid out as the parameters. */
export interface AdamWState {
  readonly m: Float32Array;
  readonly v: Float32Array;
  step: number;
}

export interface AdamW {
  /** Updates parameters and state in place; returns the norm of the gradient before clipping. */
  update(lr: number): Promise<number>;
  close(): Promise<void>;
}

/** Elements per chunk: intermediates of one chunk stay in the second-level cache. */
const CHUNK = 1 << 18;
const NO_CLIP = 1e30;
const scalarNames = ['keep1', 'keep2', 'epsilon', 'rate', 'decay', 'maxNorm'] as const;

export async function openAdamW(
  layout: Layout,
  parameters: Float32Array,
  gradient: Float32Array,
  state: AdamWState,
  options: AdamWOptions,
  threads: number,
): Promise<AdamW> {
  const { float } = await tensors();
  const g = new GraphBuilder();
  const feeds: Feeds = {};
  const fetches: Feeds = {};
  const scalars = new Float32Array(scalarNames.length);
  const scalar = Object.fromEntries(
    scalarNames.map((name, i) => {
      feeds[name] = float(scalars.subarray(i, i + 1), []);
      return [name, g.input(name, 'float32', [])];
    }),
  ) as Record<(typeof scalarNames)[number], Value>;

  const chunks = chunksOf(layout).map(({ from, to, decays }, i) => {
    const input = (name: string, data: Float32Array): Value => {
      feeds[`${name}${i}`] = float(data.subarray(from, to), [to - from]);
      return g.input(`${name}${i}`, 'float32', [to - from]);
    };
    return {
      from,
      to,
      decays,
      p: input('p', parameters),
      m: input('m', state.m),
      v: input('v', state.v),
      gradient: input('g', gradient),
    };
  });
  const square = g.node(
    'Sum',
    chunks.map((chunk) => g.node('ReduceSumSquare', [chunk.gradient], { attributes: { keepdims: 0 } })),
  );
  const norm = g.node('Sqrt', [square]);
  const clip = g.node('Min', [
    g.scalar(1),
    g.node('Div', [scalar.maxNorm, g.node('Add', [norm, g.scalar(1e-6)])]),
  ]);
  const gain1 = g.node('Mul', [scalar.keep1, clip]);
  const gain2 = g.node('Mul', [scalar.keep2, g.node('Mul', [clip, clip])]);
  const normOut = new Float32Array(1);
  g.output('norm', norm, []);
  fetches['norm'] = float(normOut, []);

  for (const [i, { from, to, decays, p, m, v, gradient: d }] of chunks.entries()) {
    const m2 = g.node('Add', [g.node('Mul', [m, g.scalar(options.beta1)]), g.node('Mul', [d, gain1])]);
    const v2 = g.node('Add', [
      g.node('Mul', [v, g.scalar(options.beta2)]),
      g.node('Mul', [g.node('Mul', [d, d]), gain2]),
    ]);
    const direction = g.node('Div', [m2, g.node('Add', [g.node('Sqrt', [v2]), scalar.epsilon])]);
    const kept = decays && options.weightDecay > 0 ? g.node('Mul', [p, scalar.decay]) : p;
    const p2 = g.node('Sub', [kept, g.node('Mul', [direction, scalar.rate])]);
    // Outputs share memory with p, m and v: the only readers of each lie upstream of the node that writes it.
    for (const [name, value, data] of [
      ['p', p2, parameters],
      ['m', m2, state.m],
      ['v', v2, state.v],
    ] as const) {
      g.output(`${name}${i}.next`, value, [to - from]);
      fetches[`${name}${i}.next`] = float(data.subarray(from, to), [to - from]);
    }
  }
  const session: Session = await openSession(g.bytes(), threads);

  return {
    async update(lr) {
      state.step++;
      const correction1 = 1 - options.beta1 ** state.step;
      const root2 = Math.sqrt(1 - options.beta2 ** state.step);
      // m/c1 / (sqrt(v)/root2 + eps) = (root2/c1) m / (sqrt(v) + eps root2): the corrections become scalars.
      scalars.set([
        1 - options.beta1,
        1 - options.beta2,
        options.epsilon * root2,
        (lr * root2) / correction1,
        1 - lr * options.weightDecay,
        options.clipNorm > 0 ? options.clipNorm : NO_CLIP,
      ]);
      await session.run(feeds, fetches);
      return normOut[0] as number;
    },
    close: () => session.close(),
  };
}

function chunksOf(layout: Layout): { from: number; to: number; decays: boolean }[] {
  const chunks: { from: number; to: number; decays: boolean }[] = [];
  for (const [start, end, decays] of [
    [0, layout.decayed, true],
    [layout.decayed, layout.size, false],
  ] as const) {
    for (let from = start; from < end; from += CHUNK)
      chunks.push({ from, to: Math.min(from + CHUNK, end), decays });
  }
  return chunks;
}
