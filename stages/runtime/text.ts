/** @file From text to token ids, the same everywhere: training, sampling, scoring and evaluation truncate alike. */
import { err, ok, type Result } from '../../base/result.ts';
import type { Failure } from '../protocol/failure.ts';
import type { Model, Tokenizer } from './onnx/api.ts';
import type { Response } from './record-types.ts';

/** The truncation parameters that every language-model kind has under these names. */
export interface Truncation {
  /** Longest query in tokens, BOS not counted. */
  readonly max_query_tokens: number;
  /** The end of a longer query that is cut off; `left` keeps its last tokens. */
  readonly truncate_query: 'left' | 'right' | 'refuse';
  /** Longest response in tokens, EOS not counted; null where nothing is cut. */
  readonly max_response_tokens?: number | null;
}

/** `[...query, ...response]` is what the model reads. */
export interface Encoded {
  /** BOS and the query's tokens. */
  readonly query: readonly number[];
  /** The response's tokens, with EOS last unless the response was cut; empty where there is no response. */
  readonly response: readonly number[];
  readonly truncatedQuery: boolean;
  readonly truncatedResponse: boolean;
  /** Whether `response` ends in EOS. */
  readonly eos: boolean;
}

/**
 * Ids of a prompt and its response, tokenised separately. A response that was generated to its length limit (`finish: length`)
 * never ended, so it gets no EOS. `query-too-long` where the parameters refuse to cut.
 */
export function encodeSequence(
  tokenizer: Tokenizer,
  prompt: string,
  response: string | null,
  truncation: Truncation,
  finish: Response['finish'] = 'given',
): Result<Encoded, Failure> {
  const query = tokenizer.encode(prompt);
  const limit = truncation.max_query_tokens;
  const truncatedQuery = query.length > limit;
  if (truncatedQuery && truncation.truncate_query === 'refuse')
    return err({
      code: 'query-too-long',
      message: `A query has ${query.length} tokens, max_query_tokens is ${limit} and truncate_query is refuse.`,
      hint: 'Raise max_query_tokens, or set truncate_query to left (keeps the last tokens) or right.',
    });
  const kept = truncation.truncate_query === 'right' ? query.slice(0, limit) : query.slice(-limit);
  const head = { query: [tokenizer.bos, ...kept], truncatedQuery };
  if (response === null) return ok({ ...head, response: [], truncatedResponse: false, eos: false });

  const tokens = tokenizer.encode(response);
  const most = truncation.max_response_tokens ?? Number.POSITIVE_INFINITY;
  const truncatedResponse = tokens.length > most;
  // EOS says "the answer ends here": after a cut it would teach, or score, a false ending.
  const eos = !truncatedResponse && finish !== 'length';
  const ids = eos ? [...tokens, tokenizer.eos] : tokens.slice(0, most);
  return ok({ ...head, response: ids, truncatedResponse, eos });
}

/** `sequence-too-long` where query and response need more positions than the model has. */
export function checkPositions({ config }: Pick<Model, 'config'>, tokens: number): Result<void, Failure> {
  const positions = config.max_position_embeddings;
  if (tokens <= positions) return ok(undefined);
  return err({
    code: 'sequence-too-long',
    message: `Query and response need ${tokens} tokens, the model has ${positions} positions.`,
    hint: `Lower max_query_tokens or the length of responses so that they add up to at most ${positions - 2}.`,
  });
}

/** Counts what truncation did, for `ctx.note`. */
export interface TruncationTally {
  add(encoded: Encoded): void;
  /** One line for people, or null when nothing was cut. `what` names the rows: `responses`. */
  note(what: string): string | null;
}

export function truncationTally(truncation: Truncation): TruncationTally {
  let rows = 0;
  let queries = 0;
  let responses = 0;
  return {
    add(encoded) {
      rows++;
      if (encoded.truncatedQuery) queries++;
      if (encoded.truncatedResponse) responses++;
    },
    note(what) {
      const parts: string[] = [];
      const side = truncation.truncate_query === 'right' ? 'last' : 'first';
      if (queries > 0)
        parts.push(
          `${queries} queries cut to ${truncation.max_query_tokens} tokens (their ${side} tokens dropped)`,
        );
      if (responses > 0)
        parts.push(
          `${responses} responses cut to ${truncation.max_response_tokens} tokens and left without EOS`,
        );
      return parts.length === 0 ? null : `${parts.join(', ')}, of ${rows} ${what}.`;
    },
  };
}
