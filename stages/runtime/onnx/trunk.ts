/** @file The Llama forward pass for inference: onnxruntime's fused operators, weights as initializers that it packs once. */
import type { Model } from './api.ts';
import type { GraphBuilder, Value } from './graph.ts';
import { headsOf, packQueryKeyValue, padOutput } from './heads.ts';
import { headName } from './llama.ts';

/** From packed q, k and v of one layer, [B·S, (heads + 2 groups) · width], to what each query head gathered, [B·S, heads · width]. */
export type Attend = (queryKeyValue: Value, layer: number) => Value;

/** A weight as an initializer of the graph, by its name; asked for twice it is held once. */
export type Parameter = (name: string) => Value;

const contrib = { domain: 'com.microsoft' } as const;

/** Embedding to last norm: hidden states f32 [B·S, hidden] of `ids` [B,S]. */
export function inferenceTrunk(
  g: GraphBuilder,
  model: Model,
  parameter: Parameter,
  ids: Value,
  attend: Attend,
): Value {
  const { config } = model;
  const { num_attention_heads: queries, num_key_value_heads: groups, hidden_size: hidden } = config;
  const heads = headsOf(config);

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

  const flatIds = g.node('Reshape', [ids, g.ints([-1])]);
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
    const mixed = linear(
      g,
      attend(queryKeyValue(layer, normed), i),
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
  return normed;
}

export interface FusedInputs {
  /** int32 [B,S], padding on the right. */
  readonly ids: Value;
  /** int32 [B]: tokens of each sequence, minus one. */
  readonly last: Value;
  /** int32 scalar: the longest sequence. */
  readonly total: Value;
}

export interface FusedAttention {
  readonly attend: Attend;
  /** Keys, rotated, and values per layer, f32 [B, groups, S, width]; filled as layers are built. */
  readonly present: { readonly key: Value; readonly value: Value }[];
}

/**
 * Attention over whole sequences: GroupQueryAttention rotates queries and keys and masks causally, each sequence by its own
 * length; padding positions give values that nothing reads.
 */
export function fusedAttention(g: GraphBuilder, model: Model, inputs: FusedInputs): FusedAttention {
  const {
    num_attention_heads: queries,
    num_key_value_heads: groups,
    head_dim,
    max_position_embeddings,
  } = model.config;
  const heads = headsOf(model.config);
  const tableShape = [max_position_embeddings, heads.width / 2];
  const tables = [
    g.initializer('rope.cos', heads.cos, tableShape),
    g.initializer('rope.sin', heads.sin, tableShape),
  ] as const;
  const shape = g.node('Shape', [inputs.ids], { type: 'int64' });
  const bySequence = g.node('Concat', [shape, g.ints([-1])], { attributes: { axis: 0 } });
  const attributes = {
    num_heads: queries,
    kv_num_heads: groups,
    do_rotary: 1,
    // Stated, since it is that of the unpadded head.
    scale: { float: 1 / Math.sqrt(head_dim) },
  };
  const present: { key: Value; value: Value }[] = [];
  return {
    present,
    attend: (packed) => {
      const qkv = g.node('Reshape', [packed, bySequence]);
      const operands = [qkv, null, null, null, null, inputs.last, inputs.total, ...tables];
      const [attended, key, value] = g.nodes('GroupQueryAttention', operands, 3, {
        ...contrib,
        attributes,
      }) as [Value, Value, Value];
      present.push({ key, value });
      return g.node('Reshape', [attended, g.ints([-1, queries * heads.width])]);
    },
  };
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
