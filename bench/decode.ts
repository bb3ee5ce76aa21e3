/**
 * @file Decoding speed: 32 sequences together with a model of 4.2 M parameters (vocabulary 4,096, width 256, 4 layers,
 * 4 heads), 128 tokens each, beside onnxruntime's own matrix rate. `--rounds 5 --sequences 32 --prompt 32 --new 96`
 */
import { parseArgs } from 'node:util';
import type { GenerateOptions, LlamaConfig, Strategy } from '../stages/runtime/onnx/api.ts';
import { openDecoder } from '../stages/runtime/onnx/decode/decoder.ts';
import { initModel } from '../stages/runtime/onnx/init.ts';
import { parameterShapes } from '../stages/runtime/onnx/llama.ts';
import { openScorer } from '../stages/runtime/onnx/score.ts';
import { randomStream } from '../stages/runtime/random.ts';
import { matmulRate } from './measure/matmul.ts';
import { print, say } from './measure/scratch.ts';
import { median, rounded } from './measure/statistics.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    sequences: { type: 'string', default: '32' },
    prompt: { type: 'string', default: '32' },
    new: { type: 'string', default: '96' },
    threads: { type: 'string', default: '2' },
  },
});
const [rounds, sequences, promptTokens, newTokens, threads] = [
  Number(values.rounds),
  Number(values.sequences),
  Number(values.prompt),
  Number(values.new),
  Number(values.threads),
];
