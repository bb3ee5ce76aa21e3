import { err, ok, type Result } from '../../base/result.ts';
import type { Failure } from '../protocol/failure.ts';
import type { Pair, Prompt } from './record-types.ts';
import { readRows } from './records.ts';

/** Prompts of any records that have them, one id each: `duplicate-id` and `no-rows` are failures. */
export async function readPrompts(path: string): Promise<Result<Prompt[], Failure>> {
  const rows = await readRows(path, 'prompts');
  if (!rows.ok) return rows;
  const seen = new Map<string, number>();
  for (const { row, value } of rows.value) {
    const first = seen.get(value.id);
    if (first !== undefined)
      return err({
        code: 'duplicate-id',
        message: `Rows ${first} and ${row} have the same id "${value.id}".`,
        hint: 'Give each prompt row an id of its own.',
        file: path,
        row,
      });
    seen.set(value.id, row);
  }
  if (rows.value.length === 0)
    return err({
      code: 'no-rows',
      message: 'The file holds no prompt.',
      hint: 'Check the stage that made it.',
      file: path,
    });
  return ok(rows.value.map((row) => row.value));
}

/** The same rows as pairs, where they are; null where none has responses, `mixed-rows` where only some have. */
export function asPairs(prompts: readonly Prompt[]): Result<readonly Pair[] | null, Failure> {
  const pairs = prompts.filter(isPair);
  if (pairs.length === 0) return ok(null);
  if (pairs.length === prompts.length) return ok(pairs);
  const row = prompts.findIndex((prompt) => !isPair(prompt)) + 1;
  return err({
    code: 'mixed-rows',
    message: `${pairs.length} of ${prompts.length} rows have chosen and rejected responses; prompt ${row} has not.`,
    hint: 'Give pairs, or prompts without responses.',
    row,
  });
}

function isPair(prompt: Prompt): prompt is Pair {
  const { chosen, rejected } = prompt as Partial<Pair>;
  return typeof chosen === 'string' && typeof rejected === 'string';
}
