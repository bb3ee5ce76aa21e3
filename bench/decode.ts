/**
 * @file Decoding speed: 32 sequences together with a model of 4.2 M parameters (vocabulary 4,096, width 256, 4 layers,
 * 4 heads), 128 tokens each, beside onnxruntime's own matrix rate. `--rounds 5 --sequences 32 --prompt 32 --new 96`
 */
import { parseArgs } from 'node:util';
import type { GenerateOptions, LlamaConfig, Tokenizer } from '../stages/runtime/onnx/api.ts';
import { openDecoder } from '../stages/runtime/onnx/decode/decoder.ts';
import { initModel } from '../stages/runtime/onnx/init.ts';
import { openScorer } from '../stages/runtime/onnx/score.ts';
import { randomStream } from '../stages/runtime/random.ts';
import { matmulRate } from './measure/matmul.ts';
import { print, say } from './measure/scratch.ts';
import { median, rounded, roundedSummary } from './measure/statistics.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    sequences: { type: 'string', default: '32' },
    prompt: { type: 'string', default: '32' },
    new: { type: 'string', default: '96' },
    threads: { type: 'string', default: '2' },
  },
});
const rounds = Number(values.rounds);
const sequences = Number(values.sequences);
const maxNewTokens = Number(values.new);
const threads = Number(values.threads);

const config: LlamaConfig = {
  architecture: 'LlamaForCausalLM',
  vocab_size: 4096,
  hidden_size: 256,
  intermediate_size: 704,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  num_key_value_heads: 4,
  head_dim: 64,
  max_position_embeddings: 128,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: true,
  attention_bias: false,
  bos_token_id: 1,
  eos_token_id: 2,
  pad_token_id: 0,
};
/** Speeds do not depend on text; one character a token keeps its cost out. */
const tokenizer: Tokenizer = {
  encode: (text) => [...text].map((character) => 3 + ((character.codePointAt(0) ?? 0) % 4000)),
  decode: (ids) => String.fromCodePoint(...ids.map((id) => 0x4e00 + id)),
  bos: 1,
  eos: 2,
  pad: 0,
  vocabSize: 4096,
  token: String,
};
const model = initModel(config, tokenizer, '', randomStream('bench', 1));
const parameters = [...model.weights.values()].reduce((sum, { data }) => sum + data.length, 0);
const pick = randomStream('bench', 'prompts');
const prompts = Array.from({ length: sequences }, () => [
  1,
  ...Array.from({ length: Number(values.prompt) - 1 }, () => 3 + pick.integer(4093)),
]);

// EOS is barred, so that every sequence has its full length and rounds are comparable.
const base: GenerateOptions = {
  strategy: 'greedy',
  temperature: 1,
  topK: 0,
  topP: 1,
  n: 1,
  beams: 4,
  groups: 4,
  diversityPenalty: 1,
  lengthPenalty: 1,
  maxNewTokens,
  minNewTokens: maxNewTokens,
  stop: [],
  batch: 32,
};
/** Beam strategies get an eighth of the prompts, 4 beams each: half the rows, twice. */
const settings: { readonly [name: string]: GenerateOptions } = {
  greedy: base,
  sample: { ...base, strategy: 'sample' },
  sample_top_k_top_p: { ...base, strategy: 'sample', temperature: 0.8, topK: 50, topP: 0.95 },
  sample_stop: { ...base, strategy: 'sample', topP: 0.9, stop: ['\n\nHuman:', '\n\nAssistant:'] },
  beam: { ...base, strategy: 'beam', n: 4 },
  diverse_beam: { ...base, strategy: 'diverse-beam', n: 4 },
};

const rate = await matmulRate(threads);
const decoder = await openDecoder(model, { threads });
const speeds = Object.fromEntries(Object.keys(settings).map((name): [string, number[]] => [name, []]));
for (let round = -1; round < rounds; round++) {
  for (const [name, options] of Object.entries(settings)) {
    say(`round ${round + 1} of ${rounds}: ${name}`);
    const asked = options.n === 1 ? prompts : prompts.slice(0, sequences / 4);
    const start = performance.now();
    let tokens = 0;
    const random = (prompt: number, index: number) => randomStream('bench', prompt, index);
    for await (const some of decoder.generate(asked, options, random))
      tokens += some.reduce((sum, { ids }) => sum + ids.length, 0);
    const seconds = (performance.now() - start) / 1000;
    if (round >= 0) speeds[name]?.push(tokens / seconds);
  }
}
await decoder.close();

const scorer = await openScorer(model, { threads });
const responses = prompts.map((query) => ({ query, response: prompts.flat().slice(0, maxNewTokens) }));
const scoring: number[] = [];
for (let round = -1; round < rounds; round++) {
  const start = performance.now();
  await scorer.logprobs(responses);
  const tokens = responses.reduce((sum, { query, response }) => sum + query.length + response.length, 0);
  if (round >= 0) scoring.push(tokens / ((performance.now() - start) / 1000));
}
await scorer.close();

const greedy = median(speeds['greedy'] ?? []);
// 6 operations a parameter and token: what training at 0.65 of the matrix rate would reach.
const training = (0.65 * rate) / (6 * parameters);
print({
  unit: 'generated tokens a second',
  model: { parameters, vocabulary: 4096, width: 256, layers: 4, heads: 4 },
  sequences,
  prompt_tokens: Number(values.prompt),
  new_tokens: maxNewTokens,
  threads,
  matmul_gflops: rounded(rate / 1e9),
  decode: Object.fromEntries(Object.entries(speeds).map(([name, all]) => [name, roundedSummary(all)])),
  training_at_target: rounded(training),
  decode_times_training_at_target: rounded(greedy / training),
  decode_share_of_matmul_rate: rounded((2 * parameters * greedy) / rate),
  scoring: roundedSummary(scoring),
});
