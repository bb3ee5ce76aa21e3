/** @file The Llama forward pass for inference: onnxruntime's fused operators, weights as initializers that it packs once. */
import type { Model } from './api.ts';
import type { GraphBuilder, Value } from './graph.ts';
import { headsOf, packQueryKeyValue, padOutput } from './heads.ts';
import { headName } from './llama.ts';

export interface InferenceInputs {
  /** int64 [B,S], padding on the right. */
  readonly ids: Value;
  /** int32 [B]: tokens of each sequence up to and with this pass, minus one. */
  readonly last: Value;
  /** int32 scalar: the longest sequence up to and with this pass. */
  readonly total: Value;
  /** Per layer, f32 [B, groups, capacity, head width]; null where nothing came before. */
  readonly past: readonly Cache[] | null;
}

interface Cache {
  readonly key: Value;
  readonly value: Value;
}

export interface InferenceTrunk {
  /** f32 [B·S, hidden], after the last norm. */
  readonly hidden: Value;
  /** Keys and values per layer, in the shape of `past`. */
  readonly present: readonly Cache[];
}

/** A weight as an initializer of the graph, by its name; asked for twice it is held once. */
export type Parameter = (name: string) => Value;

const contrib = { domain: 'com.microsoft' } as const;

/**
 * Embedding to last norm. GroupQueryAttention rotates queries and keys, appends to the cache and masks causally, each
 * sequence by its own length; padding positions give values that nothing reads.
 */
export function inferenceTrunk(
  g: GraphBuilder,
  model: Model,
  parameter: Parameter,
  inputs: InferenceInputs,
): InferenceTrunk {
  const { config } = model;
  const { num_attention_heads: queries, num_key_value_heads: groups, hidden_size: hidden } = config;
  const heads = headsOf(config);
  const tableShape = [config.max_position_embeddings, heads.width / 2];
  const cosTable = g.initializer('rope.cos', heads.cos, tableShape);
  const sinTable = g.initializer('rope.sin', heads.sin, tableShape);
  const shape = g.node('Shape', [inputs.ids], { type: 'int64' });
  const bySequence = g.node('Concat', [shape, g.ints([-1])], { attributes: { axis: 0 } });

  const norm = { ...contrib, attributes: { epsilon: { float: config.rms_norm_eps } } };
  /** Residual sum, and the norm of it. */
  const addNorm = (x: Value, y: Value, name: string): { normed: Value; sum: Value } => {
    const outputs = g.nodes('SkipSimplifiedLayerNormalization', [x, y, parameter(name)], 4, norm);
    return { normed: outputs[0] as Value, sum: outputs[3] as Value };
  };

  /** q, k and v in one product. */
  const queryKeyValue = (layer: string, x: Value): Value => {
    const rows = (queries + 2 * groups) * heads.width;
    const packed = (part: 'weight' | 'bias', dims: readonly number[]): Value =>
      g.initializer(`${layer}.self_attn.qkv.${part}`, packQueryKeyValue(model, heads, layer, part), dims);
    return linear(
      g,
      x,
      packed('weight', [rows, hidden]),
      config.attention_bias ? packed('bias', [rows]) : null,
    );
  };

  const attention = {
    num_heads: queries,
    kv_num_heads: groups,
    do_rotary: 1,
    // Stated, since it is that of the unpadded head.
    scale: { float: 1 / Math.sqrt(config.head_dim) },
  };
  const present: Cache[] = [];
  const flatIds = g.node('Reshape', [inputs.ids, g.ints([-1])]);
  let x = g.node('Gather', [parameter('model.embed_tokens.weight'), flatIds], { attributes: { axis: 0 } });
  let normed = g.node(
    'SimplifiedLayerNormalization',
    [x, parameter('model.layers.0.input_layernorm.weight')],
    {
      attributes: { axis: -1, ...norm.attributes },
    },
  );
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = `model.layers.${i}`;
    const qkv = g.node('Reshape', [queryKeyValue(layer, normed), bySequence]);
    const past = inputs.past?.[i];
    const [attended, key, value] = g.nodes(
      'GroupQueryAttention',
      [
        qkv,
        null,
        null,
        past?.key ?? null,
        past?.value ?? null,
        inputs.last,
        inputs.total,
        cosTable,
        sinTable,
      ],
      3,
      { ...contrib, attributes: attention },
    ) as [Value, Value, Value];
    present.push({ key, value });
    const mixed = linear(
      g,
      g.node('Reshape', [attended, g.ints([-1, queries * heads.width])]),
      g.initializer(`${layer}.self_attn.o_proj.weight`, padOutput(model, heads, layer), [
        hidden,
        queries * heads.width,
      ]),
      config.attention_bias ? parameter(`${layer}.self_attn.o_proj.bias`) : null,
    );
    const inner = addNorm(x, mixed, `${layer}.post_attention_layernorm.weight`);
    const gate = linear(g, inner.normed, parameter(`${layer}.mlp.gate_proj.weight`));
    const up = linear(g, inner.normed, parameter(`${layer}.mlp.up_proj.weight`));
    // QuickGelu with alpha 1 is x sigmoid(x), the SiLU.
    const silu = g.node('QuickGelu', [gate], { ...contrib, attributes: { alpha: { float: 1 } } });
    const down = linear(g, g.node('Mul', [silu, up]), parameter(`${layer}.mlp.down_proj.weight`));
    const next = i + 1 < config.num_hidden_layers ? `model.layers.${i + 1}.input_layernorm` : 'model.norm';
    const outer = addNorm(inner.sum, down, `${next}.weight`);
    normed = outer.normed;
    x = outer.sum;
  }
  return { hidden: normed, present };
}

/** Logits, f32 [N, vocabulary], of hidden states [N, hidden]. */
export function logits(g: GraphBuilder, model: Model, parameter: Parameter, hidden: Value): Value {
  return linear(g, hidden, parameter(headName(model.config)));
}

/** `x W^T + b`, with W as Hugging Face stores it: [out, in]. */
export function linear(g: GraphBuilder, x: Value, weight: Value, bias: Value | null = null): Value {
  return g.node('Gemm', bias === null ? [x, weight] : [x, weight, bias], { attributes: { transB: 1 } });
}

export function parametersOf(g: GraphBuilder, model: Model): Parameter {
  const values = new Map<string, Value>();
  return (name) => {
    const known = values.get(name);
    if (known !== undefined) return known;
    const tensor = model.weights.get(name);
    if (tensor === undefined) throw new Error(`Internal error: the model has no parameter ${name}`);
    const value = g.initializer(name, tensor.data, tensor.shape);
    values.set(name, value);
    return value;
  };
}
