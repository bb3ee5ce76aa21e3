import { err, ok, type Result } from '../../base/result.ts';
import type { Failure } from '../protocol/failure.ts';
import type { Prompt } from './record-types.ts';
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
