import type { LlamaConfig, Model, Tokenizer } from '../../stages/runtime/onnx/api.ts';
import { initModel } from '../../stages/runtime/onnx/init.ts';
import { randomStream } from '../../stages/runtime/random.ts';

export function tinyConfig(overrides: Partial<LlamaConfig> = {}): LlamaConfig {
  return {
    architecture: 'LlamaForCausalLM',
    vocab_size: 23,
    hidden_size: 16,
    intermediate_size: 24,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 4,
    max_position_embeddings: 32,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    tie_word_embeddings: true,
    attention_bias: false,
    bos_token_id: 1,
    eos_token_id: 2,
    pad_token_id: 0,
    ...overrides,
  };
}

/** One id per character: `a` is 3, `b` is 4, and so on round the vocabulary. */
export function letterTokenizer(vocabSize: number): Tokenizer {
  return {
    encode: (text) => [...text].map((c) => 3 + ((c.codePointAt(0) ?? 0) % (vocabSize - 3))),
    decode: (ids) => ids.map((id) => String.fromCodePoint(94 + id)).join(''),
    bos: 1,
    eos: 2,
    pad: 0,
    vocabSize,
    token: (id) => `<${id}>`,
  };
}

/** Random weights, larger than at the start of a training so that derivatives are not lost in rounding. */
export function tinyModel(overrides: Partial<LlamaConfig> = {}, scale = 10, seed = 1): Model {
  const config = tinyConfig(overrides);
  const model = initModel(config, letterTokenizer(config.vocab_size), '', randomStream(seed));
  for (const { shape, data } of model.weights.values()) {
    if (shape.length > 1) for (let i = 0; i < data.length; i++) data[i] = (data[i] as number) * scale;
  }
  return model;
}
