import { err, ok, type Result } from '../../base/result.ts';
import type { Failure } from '../protocol/failure.ts';
import type { Tokenizer } from '../runtime/onnx/api.ts';
import { readRows } from '../runtime/records.ts';
import { encodeSequence, type Truncation, truncationTally } from '../runtime/text.ts';
import type { Item } from '../runtime/training/item.ts';

export interface Pairs {
  /** [chosen, rejected] each. */
  readonly items: Item[];
  readonly notes: string[];
}

/** Pairs as items of two sequences. Sides that are equal after truncation carry no preference: left out and counted. */
export async function readPairs(
  path: string,
  truncation: Truncation,
  tokenizer: Tokenizer,
): Promise<Result<Pairs, Failure>> {
  const rows = await readRows(path, 'pairs');
  if (!rows.ok) return rows;
  const tally = truncationTally(truncation);
  const items: Item[] = [];
  for (const { row, value } of rows.value) {
    const chosen = encodeSequence(tokenizer, value.prompt, value.chosen, truncation);
    const rejected = encodeSequence(tokenizer, value.prompt, value.rejected, truncation);
    if (!chosen.ok) return err({ ...chosen.error, file: path, row });
    if (!rejected.ok) return err({ ...rejected.error, file: path, row });
    tally.add(chosen.value);
    tally.add(rejected.value);
    if (chosen.value.response.join() !== rejected.value.response.join())
      items.push({ sequences: [chosen.value, rejected.value] });
  }
  const same = rows.value.length - items.length;
  const notes = [
    tally.note('responses'),
    same > 0
      ? `${same} of ${rows.value.length} pairs have equal sides after truncation and were left out.`
      : null,
  ];
  return ok({ items, notes: notes.filter((note) => note !== null) });
}
