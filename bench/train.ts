/**
 * @file Training speed: a Llama of 4.2 M parameters (vocabulary 4,096, width 256, 4 layers, 4 heads), batches of 8 x 128 tokens,
 * every token trained. Model FLOP/s beside onnxruntime's own 1024^3 MatMul rate, decoding beside training, PyTorch beside both.
 * `--rounds 7 --steps 10 --threads 2 --no-torch --no-decode`
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { LlamaConfig, Sequence } from '../stages/runtime/onnx/api.ts';
import { initModel } from '../stages/runtime/onnx/init.ts';
import { tensors } from '../stages/runtime/onnx/session.ts';
import { openTrainer } from '../stages/runtime/onnx/train/trainer.ts';
import { randomStream } from '../stages/runtime/random.ts';
import { collateDemonstrations } from '../stages/sft/batch.ts';
import { timed } from './measure/command.ts';
import { matmulRate } from './measure/matmul.ts';
import { print, say } from './measure/scratch.ts';
import { median, rounded, roundedSummary } from './measure/statistics.ts';
import { ROOT } from './measure/warren.ts';
import { torchLlama } from './peers/torch.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    steps: { type: 'string', default: '10' },
    threads: { type: 'string', default: '2' },
    'no-torch': { type: 'boolean', default: false },
    'no-decode': { type: 'boolean', default: false },
  },
});
const [rounds, steps, threads] = [Number(values.rounds), Number(values.steps), Number(values.threads)];
const BATCH = 8;
const LENGTH = 128;

const config: LlamaConfig = {
  architecture: 'LlamaForCausalLM',
  vocab_size: 4096,
  hidden_size: 256,
  intermediate_size: 688,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  num_key_value_heads: 4,
  head_dim: 64,
  max_position_embeddings: LENGTH + 1,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: true,
  attention_bias: false,
  bos_token_id: 1,
  eos_token_id: 2,
  pad_token_id: 0,
};
const noTokenizer = {
  encode: () => [],
  decode: () => '',
  bos: 1,
  eos: 2,
  pad: 0,
  vocabSize: 4096,
  token: String,
};
const random = randomStream('bench', 'train');
const model = initModel(config, noTokenizer, '', random);
const parameters = [...model.weights.values()].reduce((sum, { data }) => sum + data.length, 0);
const adamw = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, clipNorm: 1 };
const trainer = await openTrainer(model, 'crossEntropy', adamw, threads);
const make = await tensors();
/** 127 trained tokens read 128 positions, as the peer's shifted labels do. */
const sequences = (): Sequence[] =>
  Array.from({ length: BATCH }, () => ({
    query: [1],
    response: Array.from({ length: LENGTH - 1 }, () => random.integer(4096)),
  }));

const training: number[] = [];
const matmul: number[] = [];
for (let round = -1; round < rounds; round++) {
  say(`round ${round + 1} of ${rounds}`);
  // The matrix rate is taken between the steps: a busy spell of the machine hits both.
  const rate = await matmulRate(threads);
  for (let step = 0; step < steps; step++) {
    const items = [{ sequences: sequences() }];
    const start = performance.now();
    await trainer.step([collateDemonstrations(make, items, items, 'mean_tokens')], 3e-4);
    if (round >= 0) training.push((performance.now() - start) / 1000);
  }
  if (round >= 0) matmul.push(rate);
}
await trainer.close();
const peakBytes = process.resourceUsage().maxRSS * 1024;

const tokens = BATCH * LENGTH;
// 6 per parameter and token; attention: scores and mixing are 2·2·T·M forward per token and layer, three times that with derivatives.
const flops = 6 * parameters * tokens + 12 * config.num_hidden_layers * LENGTH * config.hidden_size * tokens;
const speed = tokens / median(training);
const share = flops / median(training) / median(matmul);

const decode = values['no-decode']
  ? null
  : JSON.parse(
      (await timed([process.execPath, '--import', 'tsx', join(ROOT, 'bench/decode.ts')], { show: true }))
        .stdout,
    );
const torch = values['no-torch'] ? null : await torchLlama({ threads });
const decodeSpeed: number | null = decode?.decode.greedy.median ?? null;
print({
  model: { parameters, vocabulary: 4096, width: 256, layers: 4, heads: 4 },
  batch: BATCH,
  tokens: LENGTH,
  threads,
  matmul_gflops: rounded(median(matmul) / 1e9),
  step_seconds: roundedSummary(training),
  train_tokens_per_second: rounded(speed),
  model_gflops: rounded(flops / median(training) / 1e9),
  share_of_matmul_rate: rounded(share),
  peak_bytes: peakBytes,
  decode_tokens_per_second: decodeSpeed,
  decode_times_training: decodeSpeed === null ? null : rounded(decodeSpeed / speed),
  decode,
  torch,
  training_times_torch:
    torch && 'train_tokens_per_second' in torch ? rounded(speed / torch.train_tokens_per_second) : null,
  decode_times_torch:
    torch && 'decode_tokens_per_second' in torch && decodeSpeed !== null
      ? rounded(decodeSpeed / torch.decode_tokens_per_second)
      : null,
});
