import { err, ok, type Result } from '../../base/result.ts';
import type { Context } from '../protocol/context.ts';
import type { Failure } from '../protocol/failure.ts';
import type { LlamaConfig, Model } from '../runtime/onnx/api.ts';
import { loadModel } from '../runtime/onnx/folder.ts';
import { initModel } from '../runtime/onnx/init.ts';
import { loadTokenizer } from '../runtime/onnx/tokenizer.ts';
import type { Params } from './params.generated.ts';

/** The model to start from: a given one, or a fresh one from a tokenizer and an architecture; never a mixture. */
export async function startModel(ctx: Context<Params>): Promise<Result<Model, Failure>> {
  const given = ctx.optional('model');
  const folder = ctx.optional('tokenizer');
  const { architecture } = ctx.with;
  if (given !== undefined) {
    if (architecture !== null || folder !== undefined)
      return err({
        code: 'two-starts',
        message: 'sft has a model to start from and also a tokenizer or an architecture for a fresh one.',
        hint: 'Keep in.model, or in.tokenizer with with.architecture.',
      });
    return loadModel(given);
  }
  if (folder === undefined || architecture === null)
    return err({
      code: 'no-start',
      message:
        'sft has neither a model to start from nor both a tokenizer and an architecture for a fresh one.',
      hint: 'Give in.model, or in.tokenizer with with.architecture: {}.',
    });
  const tokenizer = await loadTokenizer(folder);
  if (!tokenizer.ok) return tokenizer;
  const { bos, eos, pad, vocabSize } = tokenizer.value;
  const heads = architecture.num_attention_heads;
  if (architecture.hidden_size % (2 * heads) !== 0 || heads % architecture.num_key_value_heads !== 0)
    return err({
      code: 'architecture-uneven',
      message: `hidden_size ${architecture.hidden_size}, num_attention_heads ${heads} and num_key_value_heads ${architecture.num_key_value_heads} do not divide into heads of even width.`,
      hint: 'hidden_size is a multiple of 2 x num_attention_heads, which is a multiple of num_key_value_heads.',
    });
  const config: LlamaConfig = {
    ...architecture,
    architecture: 'LlamaForCausalLM',
    vocab_size: vocabSize,
    head_dim: architecture.hidden_size / heads,
    bos_token_id: bos,
    eos_token_id: eos,
    pad_token_id: pad,
  };
  return ok(initModel(config, tokenizer.value, folder, ctx.random('weights')));
}
