/** @file Responses of one model to a list of prompts, as `sample` and `evaluate` need them. */
import { err, ok, type Result } from '../../base/result.ts';
import type { Failure } from '../protocol/failure.ts';
import { settingsOf } from './generation.ts';
import type { GenerateOptions, Generation } from './onnx/api.ts';
import { openDecoder } from './onnx/decode/decoder.ts';
import { loadModel } from './onnx/folder.ts';
import type { Random } from './random.ts';
import type { Prompt, Response } from './record-types.ts';
import { checkPositions, encodeSequence, type Truncation, truncationTally } from './text.ts';

export interface SamplingRequest {
  /** Model folder, and the label its responses carry. */
  readonly folder: string;
  readonly label: string;
  readonly prompts: readonly Prompt[];
  readonly options: GenerateOptions;
  readonly truncation: Truncation;
  readonly threads: number;
  readonly signal: AbortSignal;
  /** The stream of one response. It depends on prompt and index alone, so that no batch and no other prompt changes it. */
  readonly random: (id: string, index: number) => Random;
  /** After each prompt, with the number done so far. */
  readonly onPrompt: (done: number) => void;
}

export interface Sampled {
  /** n rows a prompt, in the order of the prompts and of the index. */
  readonly rows: readonly Response[];
  /** What was cut, for people; null where nothing was. */
  readonly note: string | null;
}

/** Samples all prompts from one model. The model must be a LlamaForCausalLM (`wrong-model`). */
export async function sampleResponses(request: SamplingRequest): Promise<Result<Sampled, Failure>> {
  const { prompts, options, signal } = request;
  const model = await loadModel(request.folder);
  if (!model.ok) return model;
  if (model.value.config.architecture !== 'LlamaForCausalLM')
    return err({
      code: 'wrong-model',
      message: `${request.label} is a ${model.value.config.architecture}: it scores text and cannot write it.`,
      hint: 'Give a language model (LlamaForCausalLM).',
      file: request.folder,
    });
  const tally = truncationTally(request.truncation);
  const queries: (readonly number[])[] = [];
  for (const [i, prompt] of prompts.entries()) {
    const encoded = encodeSequence(model.value.tokenizer, prompt.prompt, null, request.truncation);
    if (!encoded.ok) return err({ ...encoded.error, row: i + 1 });
    tally.add(encoded.value);
    queries.push(encoded.value.query);
  }
  // The decoder would end such a response early and call it done.
  const longest = queries.reduce((most, query) => Math.max(most, query.length), 0);
  const fits = checkPositions(model.value, longest + options.maxNewTokens);
  if (!fits.ok) return err({ ...fits.error, file: request.folder });

  const settings = settingsOf(options);
  const rows: Response[][] = [];
  const decoder = await openDecoder(model.value, { threads: request.threads });
  try {
    let done = 0;
    const stream = (prompt: number, index: number): Random =>
      request.random((prompts[prompt] as Prompt).id, index);
    for await (const generations of decoder.generate(queries, options, stream)) {
      if (signal.aborted)
        return err({
          code: 'cancelled',
          message: `Sampling was stopped after ${done} of ${prompts.length} prompts.`,
        });
      const at = generations[0]?.prompt as number;
      const prompt = prompts[at] as Prompt;
      rows[at] = generations
        .toSorted((a, b) => a.index - b.index)
        .map((generation) => ({ ...responseRow(prompt, request.label, generation), settings }));
      request.onPrompt(++done);
    }
  } finally {
    await decoder.close();
  }
  return ok({ rows: rows.flat(), note: tally.note(`prompts for ${request.label}`) });
}

function responseRow(prompt: Prompt, sampler: string, generation: Generation): Response {
  return {
    id: prompt.id,
    prompt: prompt.prompt,
    response: generation.text,
    source: 'sample',
    sampler,
    index: generation.index,
    finish: generation.finish,
    tokens: generation.ids.length,
    logprob: generation.logprobs.reduce((total, logprob) => total + logprob, 0),
  };
}
