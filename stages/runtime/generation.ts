/** @file The generation parameters of `sample` and `evaluate`, turned into the decoder's options. */
import type { JsonObject } from '../../base/json.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { Failure } from '../protocol/failure.ts';
import type { GenerateOptions, Strategy } from './onnx/api.ts';

/** As in the manifests of both kinds. */
export interface GenerationParams {
  readonly strategy: Strategy;
  readonly temperature: number;
  readonly top_k: number;
  readonly top_p: number;
  readonly beams: number | null;
  readonly groups: number;
  readonly diversity_penalty: number;
  readonly length_penalty: number;
  readonly max_new_tokens: number;
  readonly min_new_tokens: number;
  readonly stop: readonly string[];
  readonly batch: number;
}

/** Options of the decoder for n responses a prompt; null is the strategy's own number. `bad-generation` where they contradict. */
export function generateOptions(
  params: GenerationParams,
  n: number | null,
): Result<GenerateOptions, Failure> {
  const beams = beamsOf(params, n);
  const groups = params.strategy === 'diverse-beam' ? params.groups : 1;
  const count = n ?? naturalCount(params.strategy, beams, groups);
  const wrong = contradiction(params, beams, groups, count);
  if (wrong !== null) return err({ code: 'bad-generation', ...wrong });
  return ok({
    strategy: params.strategy,
    temperature: params.temperature,
    topK: params.top_k,
    topP: params.top_p,
    n: count,
    beams,
    groups,
    diversityPenalty: params.strategy === 'diverse-beam' ? params.diversity_penalty : 0,
    lengthPenalty: params.length_penalty,
    maxNewTokens: params.max_new_tokens,
    minNewTokens: params.min_new_tokens,
    stop: params.stop,
    batch: params.batch,
  });
}

function beamsOf(params: GenerationParams, n: number | null): number {
  const byStrategy: { readonly [strategy in Strategy]: number } = {
    greedy: 1,
    sample: 1,
    beam: params.beams ?? n ?? 4,
    'diverse-beam': params.beams ?? params.groups,
  };
  return byStrategy[params.strategy];
}

function naturalCount(strategy: Strategy, beams: number, groups: number): number {
  const counts: { readonly [strategy in Strategy]: number } = {
    greedy: 1,
    sample: 4,
    beam: beams,
    'diverse-beam': groups,
  };
  return counts[strategy];
}

function contradiction(
  params: GenerationParams,
  beams: number,
  groups: number,
  n: number,
): Pick<Failure, 'message' | 'hint'> | null {
  if (params.strategy === 'greedy' && n > 1)
    return {
      message: `Greedy decoding gives one response, n is ${n}.`,
      hint: 'Use strategy sample, beam or diverse-beam.',
    };
  if (params.strategy === 'diverse-beam' && beams % groups !== 0)
    return {
      message: `${beams} beams do not divide into ${groups} groups.`,
      hint: 'Make beams a multiple of groups.',
    };
  if (params.strategy !== 'greedy' && params.strategy !== 'sample' && n > beams)
    return { message: `${beams} beams cannot give ${n} responses.`, hint: 'Raise beams, or lower n.' };
  if (params.min_new_tokens > params.max_new_tokens)
    return {
      message: `min_new_tokens (${params.min_new_tokens}) is above max_new_tokens (${params.max_new_tokens}).`,
      hint: 'Lower min_new_tokens.',
    };
  return null;
}

/** What is written beside each response: the settings that had a say in it. */
export function settingsOf(options: GenerateOptions): JsonObject {
  const { strategy, n, beams, groups } = options;
  const common = {
    strategy,
    n,
    max_new_tokens: options.maxNewTokens,
    min_new_tokens: options.minNewTokens,
    stop: options.stop,
  };
  const beam = { beams, length_penalty: options.lengthPenalty };
  const own: { readonly [strategy in Strategy]: JsonObject } = {
    greedy: {},
    sample: { temperature: options.temperature, top_k: options.topK, top_p: options.topP },
    beam,
    'diverse-beam': { ...beam, groups, diversity_penalty: options.diversityPenalty },
  };
  return { ...common, ...own[strategy] };
}
