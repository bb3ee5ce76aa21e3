import { ok, type Result } from '../../base/result.ts';
import type { Failure } from '../protocol/failure.ts';
import { pairRows } from '../runtime/pair-rows.ts';
import type { Response } from '../runtime/record-types.ts';
import { readRecords } from '../runtime/records.ts';

/** What is to be scored: the responses in their order, then chosen and rejected of each pair. */
export async function rowsToScore(
  responses: string | undefined,
  pairs: string | undefined,
): Promise<Result<Response[], Failure>> {
  let rows: Response[] = [];
  if (responses !== undefined) {
    const read = await readRecords(responses, 'responses');
    if (!read.ok) return read;
    rows = read.value;
  }
  if (pairs !== undefined) {
    const read = await readRecords(pairs, 'pairs');
    if (!read.ok) return read;
    rows = [...rows, ...read.value.flatMap(pairRows)];
  }
  return ok(rows);
}
