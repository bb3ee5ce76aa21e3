/** @file The ids of a byte-level BPE vocabulary: special tokens, the 256 bytes, then merges in the order they were learnt. */
import type { JsonObject } from '../../base/json.ts';

export type Merge = readonly [left: string, right: string];

/** By id. Distinct, so that a padding position can never be taken for an end. */
export const SPECIAL_TOKENS = ['<pad>', '<s>', '</s>'] as const;

/** How many tokens a vocabulary has without merges. */
export const LEAST_TOKENS: number = SPECIAL_TOKENS.length + 256;

/**
 * Characters that stand for the 256 bytes (GPT-2's table), in code-point order: printable Latin-1 stands for itself,
 * the rest is moved to U+0100 and above.
 */
export function byteAlphabet(): string[] {
  const printable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad && byte <= 0xff);
  const alphabet: string[] = [];
  let moved = 0x100;
  for (let byte = 0; byte < 256; byte++)
    alphabet.push(String.fromCodePoint(printable(byte) ? byte : moved++));
  return alphabet.sort();
}

/**
 * A Hugging Face tokenizer.json with at most `vocabSize` tokens. BPE learns greedily, so the first merges of a longer
 * training are the training of a smaller vocabulary.
 */
export function tokenizerJson(merges: readonly Merge[], vocabSize: number): JsonObject {
  const vocab = new Map<string, number>();
  for (const token of [...SPECIAL_TOKENS, ...byteAlphabet()]) vocab.set(token, vocab.size);
  const reserved = new Set<string>(SPECIAL_TOKENS);
  const kept: Merge[] = [];
  for (const [left, right] of merges) {
    const token = left + right;
    // A text may spell "</s>"; the merge that would give it the special id is left out, and so is what builds on it.
    if ([left, right, token].some((part) => reserved.has(part)) || !vocab.has(left) || !vocab.has(right))
      continue;
    if (!vocab.has(token)) {
      if (vocab.size === vocabSize) break;
      vocab.set(token, vocab.size);
    }
    kept.push([left, right]);
  }
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL_TOKENS.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: beginning('<s>', 1),
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(vocab),
      merges: kept,
    },
  };
}

/** Programs that ask for special tokens get `<s>` first, as the models are trained with. */
function beginning(token: string, id: number): JsonObject {
  const special = { SpecialToken: { id: token, type_id: 0 } };
  return {
    type: 'TemplateProcessing',
    single: [special, { Sequence: { id: 'A', type_id: 0 } }],
    pair: [special, { Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 0 } }],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  };
}
