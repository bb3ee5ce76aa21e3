/** @file The graph of cached decoding, for whole prompts and for single tokens alike. */
import type { Model } from '../api.ts';
import { GraphBuilder } from '../graph.ts';
import { headsOf } from '../heads.ts';
import { inferenceTrunk, logits, parametersOf } from '../trunk.ts';

/** The graph of both passes: logits only for the last real token of each row. */
export function decoderGraph(model: Model): Uint8Array {
  const g = new GraphBuilder();
  const { config } = model;
  const cacheShape = ['B', config.num_key_value_heads, 'L', headsOf(config).width];
  const past = Array.from({ length: config.num_hidden_layers }, (_, i) => ({
    key: g.input(`past.${i}.key`, 'float32', cacheShape),
    value: g.input(`past.${i}.value`, 'float32', cacheShape),
  }));
  const inputs = {
    ids: g.input('ids', 'int32', ['B', 'S']),
    last: g.input('last', 'int32', ['B']),
    total: g.input('total', 'int32', []),
    past,
  };
  // Row of [B·S] that holds each sequence's last token.
  const pick = g.input('pick', 'int32', ['B']);
  const inverse = g.input('inverse_temperature', 'float32', []);
  const parameter = parametersOf(g, model);
  const trunk = inferenceTrunk(g, model, parameter, inputs);
  const picked = g.node('Gather', [trunk.hidden, pick], { attributes: { axis: 0 } });
  const scores = logits(g, model, parameter, picked);
  g.output('logprobs', g.node('LogSoftmax', [scores], { attributes: { axis: -1 } }), [
    'B',
    config.vocab_size,
  ]);
  const scaled = g.node('Mul', [scores, inverse]);
  g.output('weights', g.node('Softmax', [scaled], { attributes: { axis: -1 } }), ['B', config.vocab_size]);
  trunk.present.forEach(({ key, value }, i) => {
    g.output(`present.${i}.key`, key, cacheShape);
    g.output(`present.${i}.value`, value, cacheShape);
  });
  return g.bytes();
}
