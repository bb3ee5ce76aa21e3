import type { Decoder, GenerateOptions, Generation } from '../../stages/runtime/onnx/api.ts';
import { randomStream } from '../../stages/runtime/random.ts';

export const greedy: GenerateOptions = {
  strategy: 'greedy',
  temperature: 1,
  topK: 0,
  topP: 1,
  n: 1,
  beams: 4,
  groups: 4,
  diversityPenalty: 1,
  lengthPenalty: 1,
  maxNewTokens: 12,
  minNewTokens: 0,
  stop: [],
  batch: 8,
};

/** All generations, in order of prompts. */
export async function generations(
  decoder: Decoder,
  prompts: readonly (readonly number[])[],
  options: GenerateOptions,
  seed = 1,
): Promise<(readonly Generation[])[]> {
  const out: (readonly Generation[])[] = [];
  for await (const some of decoder.generate(prompts, options, (p, i) => randomStream(seed, p, i)))
    out[some[0]?.prompt ?? 0] = some;
  return out;
}
