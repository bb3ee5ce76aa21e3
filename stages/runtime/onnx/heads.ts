/**
 * @file Attention weights in the layout of onnxruntime's GroupQueryAttention, which wants heads in multiples of 16. Narrower
 * heads are padded with zeros inside each rotary half: [a, b] -> [a, 0, b, 0]. Products and sums over the zeros change nothing.
 */
import type { LlamaConfig, Model } from './api.ts';
import { rotaryTables } from './llama.ts';

export interface Heads {
  /** Width of a padded head. */
  readonly width: number;
  /** cos and sin, each [max positions, width / 2]; padding is not rotated. */
  readonly cos: Float32Array;
  readonly sin: Float32Array;
}

export function headsOf(config: LlamaConfig): Heads {
  const width = Math.ceil(config.head_dim / 16) * 16;
  const { cos, sin, half } = rotaryTables(config, config.max_position_embeddings);
  const spread = (table: Float32Array, padding: number): Float32Array => {
    const rows = config.max_position_embeddings;
    const out = new Float32Array((rows * width) / 2).fill(padding);
    for (let row = 0; row < rows; row++)
      out.set(table.subarray(row * half, (row + 1) * half), (row * width) / 2);
    return out;
  };
  return { width, cos: spread(cos, 1), sin: spread(sin, 0) };
}

/** Rows of the q, k and v projections under each other, each head padded: [(heads + 2 groups) · width, columns]. */
export function packQueryKeyValue(
  model: Model,
  heads: Heads,
  layer: string,
  part: 'weight' | 'bias',
): Float32Array {
  const {
    num_attention_heads: queries,
    num_key_value_heads: groups,
    hidden_size: hidden,
    head_dim: d,
  } = model.config;
  const columns = part === 'weight' ? hidden : 1;
  const out = new Float32Array((queries + 2 * groups) * heads.width * columns);
  let head = 0;
  for (const name of ['q', 'k', 'v']) {
    const data = weightOf(model, `${layer}.self_attn.${name}_proj.${part}`);
    for (let row = 0; row < data.length / columns; row++) {
      const to = (head + Math.floor(row / d)) * heads.width + padded(row % d, d, heads.width);
      out.set(data.subarray(row * columns, (row + 1) * columns), to * columns);
    }
    head += data.length / columns / d;
  }
  return out;
}

/** The output projection with padded columns: [hidden, heads · width]. */
export function padOutput(model: Model, heads: Heads, layer: string): Float32Array {
  const { num_attention_heads: queries, hidden_size: hidden, head_dim: d } = model.config;
  const data = weightOf(model, `${layer}.self_attn.o_proj.weight`);
  if (heads.width === d) return data;
  const out = new Float32Array(hidden * queries * heads.width);
  for (let row = 0; row < hidden; row++) {
    for (let column = 0; column < queries * d; column++) {
      const to = Math.floor(column / d) * heads.width + padded(column % d, d, heads.width);
      out[row * queries * heads.width + to] = data[row * queries * d + column] as number;
    }
  }
  return out;
}

/** Place of a head's element in its padded head: the second rotary half begins at the second half. */
function padded(index: number, d: number, width: number): number {
  return index < d / 2 ? index : index - d / 2 + width / 2;
}

function weightOf(model: Model, name: string): Float32Array {
  const weight = model.weights.get(name);
  if (weight === undefined) throw new Error(`Internal error: the model has no parameter ${name}`);
  return weight.data;
}
