/** @file Model folders on disk with a byte-level tokenizer and random weights, for kinds that load models. */
import { join } from 'node:path';
import type { LlamaConfig } from '../../stages/runtime/onnx/api.ts';
import { saveModel } from '../../stages/runtime/onnx/folder.ts';
import { loadTokenizer } from '../../stages/runtime/onnx/tokenizer.ts';
import { writeTokenizer } from '../../stages/runtime/onnx/tokenizer-files.ts';
import { LEAST_TOKENS, SPECIAL_TOKENS, tokenizerJson } from '../../stages/tokenizer/layout.ts';
import { folder } from './context.ts';
import { tinyModel } from './tiny-model.ts';

/** A saved tiny model: 16 wide, 2 layers, one token a byte. `reward` gives it a score head. */
export async function savedModel(
  role: 'policy' | 'reward',
  seed: number,
  overrides: Partial<LlamaConfig> = {},
): Promise<string> {
  const root = folder();
  const [pad, bos, eos] = SPECIAL_TOKENS;
  const tokenizerFolder = folder();
  await writeTokenizer(tokenizerFolder, tokenizerJson([], LEAST_TOKENS), { pad, bos, eos });
  const tokenizer = await loadTokenizer(tokenizerFolder);
  if (!tokenizer.ok) throw new Error(tokenizer.error.message);
  const architecture = role === 'reward' ? 'LlamaForSequenceClassification' : 'LlamaForCausalLM';
  const config = {
    vocab_size: LEAST_TOKENS,
    max_position_embeddings: 128,
    architecture,
    ...overrides,
  } as const;
  const path = join(root, 'model');
  await saveModel({ ...tinyModel(config, 10, seed), tokenizer: tokenizer.value, tokenizerFolder }, path);
  return path;
}
