/** @file Responses of one model to a list of prompts, as `sample` and `evaluate` need them. */
import type { JsonObject } from '../../base/json.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { Failure } from '../protocol/failure.ts';
import { settingsOf } from './generation.ts';
import type { Part } from './journal.ts';
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
  /** Where the prompts that are done are kept. */
  readonly journal: Part;
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

  const made: (readonly Made[])[] = [];
  for (const { prompt, responses } of request.journal.kept)
    made[prompt as number] = responses as unknown as readonly Made[];
  const left = prompts.flatMap((_, at) => (made[at] === undefined ? [at] : []));
  let done = prompts.length - left.length;
  if (done > 0) request.onPrompt(done);
  const queriesLeft = left.map((at) => queries[at] as readonly number[]);
  const decoder = left.length === 0 ? null : await openDecoder(model.value, { threads: request.threads });
  try {
    // What is left is decoded in other company than before: no response hangs on what shares its batch.
    const stream = (place: number, index: number): Random =>
      request.random((prompts[left[place] as number] as Prompt).id, index);
    for await (const generations of decoder?.generate(queriesLeft, options, stream, signal) ?? []) {
      const at = left[generations[0]?.prompt as number] as number;
      const responses = generations.toSorted((a, b) => a.index - b.index).map(madeOf);
      made[at] = responses;
      request.journal.keep({ prompt: at, responses: [...responses] }, responses.length);
      request.onPrompt(++done);
    }
  } finally {
    await decoder?.close();
  }
  if (done < prompts.length)
    return err({
      code: 'cancelled',
      message: `Sampling was stopped after ${done} of ${prompts.length} prompts.`,
    });
  const settings = settingsOf(options);
  const rows = prompts.map((prompt, at) =>
    (made[at] as readonly Made[]).map((one) => ({ ...responseRow(prompt, request.label, one), settings })),
  );
  return ok({ rows: rows.flat(), note: tally.note(`prompts for ${request.label}`) });
}

/** What is kept of a generation. */
interface Made extends JsonObject {
  readonly index: number;
  readonly response: string;
  readonly finish: Generation['finish'];
  readonly tokens: number;
  readonly logprob: number;
}

function madeOf({ index, text, finish, ids, logprobs }: Generation): Made {
  const logprob = logprobs.reduce((total, one) => total + one, 0);
  return { index, response: text, finish, tokens: ids.length, logprob };
}

function responseRow(prompt: Prompt, sampler: string, made: Made): Response {
  return {
    id: prompt.id,
    prompt: prompt.prompt,
    response: made.response,
    source: 'sample',
    sampler,
    index: made.index,
    finish: made.finish,
    tokens: made.tokens,
    logprob: made.logprob,
  };
}
