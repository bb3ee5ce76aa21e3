import { err, ok, type Result } from '../../base/result.ts';
import type { Failure } from '../protocol/failure.ts';
import type { Tokenizer } from '../runtime/onnx/api.ts';
import { readRows } from '../runtime/records.ts';
import { encodeSequence, type Truncation, truncationTally } from '../runtime/text.ts';
import type { Item } from '../runtime/training/item.ts';

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
  for (const { row, value } of rows.value) {
    const sequences: Item['sequences'][number][] = [];
    for (const [i, response] of value.responses.entries()) {
      const finish = value.provenance[i]?.finish;
      const encoded = encodeSequence(tokenizer, value.query, response, truncation, finish);
      if (!encoded.ok) return err({ ...encoded.error, file: path, row });
      if (encoded.value.response.length === 0)
        return err({
          code: 'empty-response',
          message: `Response ${i + 1} of row ${row} has no token at all, not even an end.`,
          hint: 'Raise max_new_tokens of the stage that sampled it.',
          file: path,
          row,
        });
      tally.add(encoded.value);
      if (finish === 'length') open++;
      sequences.push(encoded.value);
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
  ];
  return ok({ items, notes: notes.filter((note) => note !== null) });
}
