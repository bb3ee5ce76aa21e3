import { ok, type Result } from '../../base/result.ts';
import type { Failure } from '../protocol/failure.ts';
import type { Pair, Response } from '../runtime/record-types.ts';
import { readRecords } from '../runtime/records.ts';

/** The two responses of a pair as rows, chosen first. */
export function pairRows(pair: Pair): [chosen: Response, rejected: Response] {
  const base = {
    id: pair.id,
    prompt: pair.prompt,
    index: 0,
    finish: 'given',
    tokens: 0,
    logprob: null,
  } as const;
  return [
    { ...base, response: pair.chosen, source: 'chosen', sampler: 'chosen' },
    { ...base, response: pair.rejected, source: 'rejected', sampler: 'rejected' },
  ];
}

/** What is to be scored: the responses in their order, then chosen and rejected of each pair. */
export async function rowsToScore(
  responses: string | undefined,
  pairs: string | undefined,
): Promise<Result<Response[], Failure>> {
  const rows: Response[] = [];
  if (responses !== undefined) {
    const read = await readRecords(responses, 'responses');
    if (!read.ok) return read;
    rows.push(...read.value);
  }
  if (pairs !== undefined) {
    const read = await readRecords(pairs, 'pairs');
    if (!read.ok) return read;
    rows.push(...read.value.flatMap(pairRows));
  }
  return ok(rows);
}
