import { err, ok, type Result } from '../../base/result.ts';
import type { Failure } from '../protocol/failure.ts';
import type { Tokenizer } from '../runtime/onnx/api.ts';
import { readRows } from '../runtime/records.ts';
import { encodeSequence, truncationTally } from '../runtime/text.ts';
import type { Item } from '../runtime/training/item.ts';
import type { Params } from './params.generated.ts';

/** Demonstrations as items of one sequence each; with `loss_on: all` the query is trained too, BOS alone stays before it. */
export async function readDemonstrations(
  path: string,
  params: Params,
  tokenizer: Tokenizer,
): Promise<Result<{ items: Item[]; note: string | null }, Failure>> {
  const rows = await readRows(path, 'prompts');
  if (!rows.ok) return rows;
  const tally = truncationTally(params);
  const items: Item[] = [];
  for (const { row, value } of rows.value) {
    const text = (value as unknown as Record<string, unknown>)[params.field];
    if (typeof text !== 'string')
      return err({
        code: 'missing-field',
        message: `Row ${row} has no text in the field "${params.field}".`,
        hint: 'Set with.field: pairs have chosen and rejected, demonstrations have response.',
        file: path,
        row,
      });
    const encoded = encodeSequence(tokenizer, value.prompt, text, params);
    if (!encoded.ok) return err({ ...encoded.error, file: path, row });
    tally.add(encoded.value);
    const { query, response } = encoded.value;
    const all = params.loss_on === 'all';
    items.push({
      sequences: [
        all ? { query: query.slice(0, 1), response: [...query.slice(1), ...response] } : { query, response },
      ],
    });
  }
  return ok({ items, note: tally.note('rows') });
}
