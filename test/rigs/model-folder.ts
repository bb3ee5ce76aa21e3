import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LlamaConfig, Model } from '../../stages/runtime/onnx/api.ts';
import { saveModel } from '../../stages/runtime/onnx/folder.ts';
import { initModel } from '../../stages/runtime/onnx/init.ts';
import { loadTokenizer } from '../../stages/runtime/onnx/tokenizer.ts';
import { randomStream } from '../../stages/runtime/random.ts';
import { byteTokenizer } from './byte-tokenizer.ts';
import { folder } from './context.ts';
import { tinyConfig } from './tiny-model.ts';

/** A tiny random model with a tokenizer of bytes, in memory; biases are random too. */
export async function byteModel(overrides: Partial<LlamaConfig> = {}): Promise<Model> {
  const tokenizerFolder = await byteTokenizer([['t', 'h']]);
  const tokenizer = await loadTokenizer(tokenizerFolder);
  if (!tokenizer.ok) throw new Error(tokenizer.error.message);
  const config = tinyConfig({ vocab_size: 260, max_position_embeddings: 64, ...overrides });
  const model = initModel(config, tokenizer.value, tokenizerFolder, randomStream('byte-model'));
  let i = 0;
  for (const [name, { shape, data }] of model.weights)
    for (let k = 0; k < data.length; k++) {
      if (shape.length > 1) data[k] = (data[k] ?? 0) * 10;
      else data[k] = (name.endsWith('.bias') ? 0 : 1) + Math.sin(++i) / 4;
    }
  return model;
}

/** The same, saved. */
export async function modelFolder(overrides: Partial<LlamaConfig> = {}): Promise<string> {
  const path = folder();
  await saveModel(await byteModel(overrides), path);
  return path;
}

/** Changes a JSON file of a folder. */
export function editJson(path: string, name: string, change: (json: Record<string, unknown>) => void): void {
  const json = JSON.parse(readFileSync(join(path, name), 'utf8'));
  change(json);
  writeFileSync(join(path, name), JSON.stringify(json));
}
