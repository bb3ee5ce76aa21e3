import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeTokenizer } from '../../stages/runtime/onnx/tokenizer-files.ts';
import { type Merge, tokenizerJson } from '../../stages/tokenizer/layout.ts';
import { folder } from './context.ts';

/** A tokenizer folder of the 256 bytes, three special tokens and the given merges. */
export async function byteTokenizer(merges: readonly Merge[] = []): Promise<string> {
  const path = join(folder(), 'tokenizer');
  mkdirSync(path);
  const special = { pad: '<pad>', bos: '<s>', eos: '</s>' };
  await writeTokenizer(path, tokenizerJson(merges, 259 + merges.length), special);
  return path;
}
