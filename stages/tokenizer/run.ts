/** @file Kind `tokenizer`: text -> byte-level BPE. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from '../../base/result.ts';
import type { Context } from '../protocol/context.ts';
import type { Failure } from '../protocol/failure.ts';
import { writeTokenizer } from '../runtime/onnx/tokenizer-files.ts';
import { readTexts } from './corpus.ts';
import { LEAST_TOKENS, SPECIAL_TOKENS, tokenizerJson } from './layout.ts';
import type { Params } from './params.generated.ts';
import { learnMerges } from './train.ts';

export async function run(ctx: Context<Params>): Promise<Result<void, Failure>> {
  const { vocab_size: wanted, format } = ctx.with;
  const [pad, bos, eos] = SPECIAL_TOKENS;
  const corpus = join(ctx.state, 'corpus.txt');
  const scratch = join(ctx.state, 'merges.json');
  const texts = await readTexts(ctx.input('text'), format);
  if (!texts.ok) return texts;
  if (texts.value.length === 0)
    return err({
      code: 'tokenizer-no-text',
      message: 'There is no text to train a tokenizer on.',
      hint: 'Give records with prompts and responses, or a text file with format: text.',
      file: ctx.input('text'),
    });
  ctx.progress({ step: 0, total: 1, unit: 'passes' });
  await writeFile(corpus, texts.value.join('\n'));
  const json = tokenizerJson(await learnMerges(corpus, scratch), wanted);
  await writeTokenizer(ctx.output('tokenizer'), json, { pad, bos, eos });
  const got = Object.keys((json['model'] as { vocab: object }).vocab).length;
  if (got < wanted)
    ctx.note(
      `The text gives ${got} tokens, ${got - LEAST_TOKENS} of them merges, not the ${wanted} asked for.`,
    );
  ctx.progress({ step: 1, total: 1, unit: 'passes' });
  await rm(corpus);
  await rm(scratch);
  return ok(undefined);
}
