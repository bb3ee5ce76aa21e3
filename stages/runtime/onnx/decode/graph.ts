/** @file The two graphs of cached decoding: whole prompts, and one more token for every row. */
import type { Model } from '../api.ts';
import { GraphBuilder, type Value } from '../graph.ts';
import { headsOf } from '../heads.ts';
import { fusedAttention, inferenceTrunk, logits, type Parameter, parametersOf } from '../trunk.ts';
import { cachedAttention } from './attention.ts';

/** Reads whole prompts: their keys and values, [B, groups, S, width] a layer, and what may follow each. */
export function prefillGraph(model: Model): Uint8Array {
  const g = new GraphBuilder();
  const ids = g.input('ids', 'int32', ['B', 'S']);
  const { attend, present } = fusedAttention(g, model, {
    ids,
    last: g.input('last', 'int32', ['B']),
    total: g.input('total', 'int32', []),
  });
  // Row of [B·S] that holds each sequence's last token.
  const pick = g.input('pick', 'int32', ['B']);
  const parameter = parametersOf(g, model);
  const hidden = inferenceTrunk(g, model, parameter, ids, attend);
  distributions(g, model, parameter, g.node('Gather', [hidden, pick], { attributes: { axis: 0 } }));
  for (const [i, { key, value }] of present.entries()) {
    g.output(`key.${i}`, key);
    g.output(`value.${i}`, value);
  }
  return g.bytes();
}

/** Appends one token to every row: the new key and value of each, [B, groups · width] a layer, and what may follow. */
export function appendGraph(model: Model): Uint8Array {
  const g = new GraphBuilder();
  const { num_key_value_heads: groups, num_hidden_layers: layers } = model.config;
  const cacheShape = ['B', groups, 'C', headsOf(model.config).width];
  const { attend, added } = cachedAttention(g, model, {
    positions: g.input('positions', 'int64', ['B', 1]),
    mask: g.input('mask', 'float32', ['B', 1, 1, 'C']),
    caches: Array.from({ length: layers }, (_, i) => ({
      key: g.input(`past.key.${i}`, 'float32', cacheShape),
      value: g.input(`past.value.${i}`, 'float32', cacheShape),
    })),
  });
  const parameter = parametersOf(g, model);
  distributions(
    g,
    model,
    parameter,
    inferenceTrunk(g, model, parameter, g.input('ids', 'int32', ['B', 1]), attend),
  );
  for (const [i, { key, value }] of added.entries()) {
    g.output(`key.${i}`, key);
    g.output(`value.${i}`, value);
  }
  return g.bytes();
}

/** log P at temperature 1, and P at the temperature asked for, of `states` [B, hidden]. */
function distributions(g: GraphBuilder, model: Model, parameter: Parameter, states: Value): void {
  const inverse = g.input('inverse_temperature', 'float32', []);
  const scores = logits(g, model, parameter, states);
  const lastAxis = { attributes: { axis: -1 } };
  g.output('logprobs', g.node('LogSoftmax', [scores], lastAxis), ['B', model.config.vocab_size]);
  g.output('weights', g.node('Softmax', [g.node('Mul', [scores, inverse])], lastAxis), [
    'B',
    model.config.vocab_size,
  ]);
}
