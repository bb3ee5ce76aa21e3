/** @file The text of an input: every prompt and response of records, or the lines of a text file. */
import { err, ok, type Result } from '../../base/result.ts';
import type { Failure } from '../protocol/failure.ts';
import { parseLine, readLines, unreadable } from '../runtime/lines.ts';
import { readRecords } from '../runtime/records.ts';

/** Texts in the order of the file; blank lines of a text file are left out. Fails with the codes of lines.ts and records.ts. */
export async function readTexts(
  path: string,
  format: 'records' | 'text',
): Promise<Result<string[], Failure>> {
  return format === 'text' ? readPlain(path) : readFields(path);
}

async function readFields(path: string): Promise<Result<string[], Failure>> {
  const first = await firstRow(path);
  if (!first.ok) return first;
  if (typeof first.value === 'object' && first.value !== null && 'chosen' in first.value) {
    const pairs = await readRecords(path, 'pairs');
    return pairs.ok ? ok(pairs.value.flatMap((row) => [row.prompt, row.chosen, row.rejected])) : pairs;
  }
  const demonstrations = await readRecords(path, 'demonstrations');
  return demonstrations.ok
    ? ok(demonstrations.value.flatMap((row) => [row.prompt, row.response]))
    : demonstrations;
}

async function firstRow(path: string): Promise<Result<unknown, Failure>> {
  try {
    for await (const line of readLines(path)) return parseLine(line, path);
    return ok(undefined);
  } catch (error) {
    return err(unreadable(path, error));
  }
}

async function readPlain(path: string): Promise<Result<string[], Failure>> {
  const texts: string[] = [];
  try {
    for await (const { row, text } of readLines(path)) {
      if (text === null)
        return err({
          code: 'not-utf8',
          message: `Row ${row} is not UTF-8 text.`,
          hint: 'Convert the file to UTF-8.',
          file: path,
          row,
        });
      texts.push(text);
    }
  } catch (error) {
    return err(unreadable(path, error));
  }
  return ok(texts);
}
