/** @file Learns BPE merges with Hugging Face's own trainer (the native package `tokenizers`). */
import { readFile } from 'node:fs/promises';
import type { Merge } from './layout.ts';

/**
 * Merges in the order they were learnt, up to the trainer's 30,000 tokens, from a UTF-8 text file. Words are cut as GPT-2
 * cuts them and counted line by line; ties go to the lower pair of ids, so that equal text gives equal merges.
 * `scratch` is a file the trainer writes.
 */
export async function learnMerges(corpus: string, scratch: string): Promise<Merge[]> {
  // Loaded on use: a native library of 60 MB that nothing else needs.
  const { default: native } = await import('tokenizers');
  const tokenizer = new native.Tokenizer(native.BPE.empty());
  tokenizer.setPreTokenizer(native.byteLevelPreTokenizer(false, true));
  tokenizer.train([corpus]);
  tokenizer.save(scratch);
  const saved = JSON.parse(await readFile(scratch, 'utf8')) as { model: { merges: Merge[] } };
  return saved.model.merges;
}
