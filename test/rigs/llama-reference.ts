/** @file The Llama forward pass on plain arrays in double precision, straight from the definitions: what the graphs are held to. */
import type { Model } from '../../stages/runtime/onnx/api.ts';

type Vector = number[];

/** Hidden states after the last norm, one for each token. */
export function referenceStates(model: Model, ids: readonly number[]): Vector[] {
  const { config } = model;
  const { head_dim: d, num_attention_heads: heads, num_key_value_heads: groups } = config;
  const data = (name: string): Float32Array => {
    const weight = model.weights.get(name);
    if (weight === undefined) throw new Error(`no weight ${name}`);
    return weight.data;
  };
  const linear = (name: string, x: Vector): Vector => {
    const matrix = data(`${name}.weight`);
    const bias = model.weights.get(`${name}.bias`)?.data;
    return Array.from({ length: matrix.length / x.length }, (_, row) =>
      x.reduce((sum, value, k) => sum + value * (matrix[row * x.length + k] ?? 0), bias?.[row] ?? 0),
    );
  };
  const norm = (name: string, x: Vector): Vector => {
    const scale = Math.sqrt(
      x.reduce((sum, value) => sum + value * value, 0) / x.length + config.rms_norm_eps,
    );
    return x.map((value, k) => (value / scale) * (data(name)[k] ?? 0));
  };
  const rotate = (x: Vector, position: number): Vector =>
    x.map((value, k) => {
      const i = k % d;
      const pair = i < d / 2 ? -(x[k + d / 2] ?? 0) : (x[k - d / 2] ?? 0);
      const angle = position / config.rope_theta ** ((2 * (i % (d / 2))) / d);
      return value * Math.cos(angle) + pair * Math.sin(angle);
    });

  const width = config.hidden_size;
  let states = ids.map((id) => [...data('model.embed_tokens.weight').subarray(id * width, (id + 1) * width)]);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const at = `model.layers.${layer}`;
    const inner = states.map((x) => norm(`${at}.input_layernorm.weight`, x));
    const q = inner.map((x, t) => rotate(linear(`${at}.self_attn.q_proj`, x), t));
    const k = inner.map((x, t) => rotate(linear(`${at}.self_attn.k_proj`, x), t));
    const v = inner.map((x) => linear(`${at}.self_attn.v_proj`, x));
    const attended = q.map((query, t) => {
      const out: Vector = [];
      for (let head = 0; head < heads; head++) {
        const group = Math.floor((head * groups) / heads);
        const scores = Array.from({ length: t + 1 }, (_, s) => {
          let dot = 0;
          for (let i = 0; i < d; i++) dot += (query[head * d + i] ?? 0) * (k[s]?.[group * d + i] ?? 0);
          return dot / Math.sqrt(d);
        });
        const probabilities = logSoftmax(scores).map(Math.exp);
        for (let i = 0; i < d; i++)
          out.push(probabilities.reduce((sum, p, s) => sum + p * (v[s]?.[group * d + i] ?? 0), 0));
      }
      return out;
    });
    states = states.map((x, t) => add(x, linear(`${at}.self_attn.o_proj`, attended[t] ?? [])));
    states = states.map((x) => {
      const y = norm(`${at}.post_attention_layernorm.weight`, x);
      const up = linear(`${at}.mlp.up_proj`, y);
      const gated = linear(`${at}.mlp.gate_proj`, y).map((g, i) => (g / (1 + Math.exp(-g))) * (up[i] ?? 0));
      return add(x, linear(`${at}.mlp.down_proj`, gated));
    });
  }
  return states.map((x) => norm('model.norm.weight', x));
}

/** log P(next token) after each token of `ids`. */
export function referenceLogprobs(model: Model, ids: readonly number[]): Vector[] {
  const name = model.config.tie_word_embeddings ? 'model.embed_tokens.weight' : 'lm_head.weight';
  const matrix = model.weights.get(name)?.data ?? new Float32Array();
  return referenceStates(model, ids).map((x) => {
    const rows = Array.from({ length: model.config.vocab_size }, (_, row) =>
      x.reduce((sum, value, k) => sum + value * (matrix[row * x.length + k] ?? 0), 0),
    );
    return logSoftmax(rows);
  });
}

/** Score of a sequence-classification model at the last token. */
export function referenceReward(model: Model, ids: readonly number[]): number {
  const last = referenceStates(model, ids).at(-1) ?? [];
  const head = model.weights.get('score.weight')?.data ?? new Float32Array();
  return last.reduce((sum, value, k) => sum + value * (head[k] ?? 0), 0);
}

function add(a: Vector, b: Vector): Vector {
  return a.map((value, i) => value + (b[i] ?? 0));
}

function logSoftmax(x: Vector): Vector {
  const most = Math.max(...x);
  const sum = Math.log(x.reduce((total, value) => total + Math.exp(value - most), 0)) + most;
  return x.map((value) => value - sum);
}
