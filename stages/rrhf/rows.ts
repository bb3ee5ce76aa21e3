import { err, ok, type Result } from '../../base/result.ts';
import type { Failure } from '../protocol/failure.ts';
import type { Tokenizer } from '../runtime/onnx/api.ts';
import { readRows } from '../runtime/records.ts';
import { encodeSequence, type Truncation, truncationTally } from '../runtime/text.ts';
import type { Item } from '../runtime/training/loop.ts';

/** All responses of one query, with their scores. */
export interface Query extends Item {
  readonly scores: readonly number[];
}

/**
 * Ranked rows as items. A sample that ended at its token limit has no EOS of its own and gets none: training one would teach a
 * false ending. Everything else ends in EOS unless it is cut here.
 */
export async function readRanked(
  path: string,
  truncation: Truncation,
  tokenizer: Tokenizer,
): Promise<Result<{ items: Query[]; notes: string[] }, Failure>> {
  const rows = await readRows(path, 'ranked');
  if (!rows.ok) return rows;
  const tally = truncationTally(truncation);
  const items: Query[] = [];
  let open = 0;
  let empty = 0;
  for (const { row, value } of rows.value) {
    const sequences: Item['sequences'][number][] = [];
    for (const [i, response] of value.responses.entries()) {
      const encoded = encodeSequence(tokenizer, value.query, response, truncation);
      if (!encoded.ok) return err({ ...encoded.error, file: path, row });
      tally.add(encoded.value);
      const { query, response: ids, eos } = encoded.value;
      const unfinished = eos && value.provenance[i]?.finish === 'length' && ids.length > 1;
      if (unfinished) open++;
      if (ids.length === 1) empty++;
      sequences.push({ query, response: unfinished ? ids.slice(0, -1) : ids });
    }
    if (value.scores.length !== sequences.length)
      return err({
        code: 'ragged-query',
        message: `Row ${row} has ${sequences.length} responses and ${value.scores.length} scores.`,
        hint: 'Make the ranked file with the merge kind, which refuses such rows.',
        file: path,
        row,
      });
    items.push({ sequences, scores: value.scores });
  }
  const notes = [
    tally.note('responses'),
    open > 0 ? `${open} sampled responses ended at their token limit and are trained without EOS.` : null,
    empty > 0 ? `${empty} responses are empty: only their EOS is trained.` : null,
  ];
  return ok({ items, notes: notes.filter((note) => note !== null) });
}
