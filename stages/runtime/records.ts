/** @file Records: JSON lines whose rows are checked against `schemas/records/<name>.schema.json`. */
import { createWriteStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Ajv, type ValidateFunction } from 'ajv';
import { err, ok, type Result } from '../../base/result.ts';
import type { Failure } from '../protocol/failure.ts';
import { parseLine, readLines, unreadable } from './lines.ts';
import type { RecordName, RecordTypes } from './record-types.ts';

/** A record and the row of the file it stands in, from 1. */
export interface Row<T> {
  readonly row: number;
  readonly value: T;
}

const ajv = new Ajv({ strict: true, allowUnionTypes: true, verbose: true });
const compiled = new Map<RecordName, ValidateFunction>();

function validator(name: RecordName): ValidateFunction {
  const known = compiled.get(name);
  if (known) return known;
  const path = join(import.meta.dirname, '../../schemas/records', `${name}.schema.json`);
  const made = ajv.compile(JSON.parse(readFileSync(path, 'utf8')));
  compiled.set(name, made);
  return made;
}

/** What is wrong with a row, or null if it fits the schema. */
function mismatch(name: RecordName, value: unknown): Pick<Failure, 'code' | 'message' | 'hint'> | null {
  const validate = validator(name);
  if (validate(value)) return null;
  const first = validate.errors?.[0];
  const field = first?.instancePath.slice(1).replaceAll('/', '.');
  // JSON.stringify and others write NaN as null.
  if (first?.data === null && first.keyword === 'type' && first.params['type'] === 'number')
    return {
      code: 'number-not-finite',
      message: `field ${field} holds no finite number`,
      hint: 'Find what produced it; every number of a record must be finite.',
    };
  return {
    code: 'bad-record',
    message: field ? `field ${field} ${first?.message}` : `it ${first?.message ?? 'does not fit'}`,
    hint: `schemas/records/${name}.schema.json lists the fields.`,
  };
}

/** All rows with their numbers; the first bad one is the failure: `bad-record`, `number-not-finite`, `broken-json`, `not-utf8`. */
export async function readRows<N extends RecordName>(
  path: string,
  name: N,
): Promise<Result<Row<RecordTypes[N]>[], Failure>> {
  const rows: Row<RecordTypes[N]>[] = [];
  try {
    for await (const line of readLines(path)) {
      const parsed = parseLine(line, path);
      if (!parsed.ok) return parsed;
      const wrong = mismatch(name, parsed.value);
      if (wrong !== null) {
        const message = `Row ${line.row} is not a record of "${name}": ${wrong.message}.`;
        return err({ ...wrong, message, file: path, row: line.row });
      }
      rows.push({ row: line.row, value: parsed.value as RecordTypes[N] });
    }
  } catch (error) {
    return err(unreadable(path, error));
  }
  return ok(rows);
}

/** All records of a file, in order. */
export async function readRecords<N extends RecordName>(
  path: string,
  name: N,
): Promise<Result<RecordTypes[N][], Failure>> {
  const rows = await readRows(path, name);
  return rows.ok ? ok(rows.value.map((row) => row.value)) : rows;
}

// JSON.stringify turns NaN into null: a record must never lose a number silently.
function finite(_key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new Error('Internal error: a record holds a number that is not finite');
  return value;
}

/** Writes records, one JSON object a line; returns how many. A row that does not fit its schema is a bug and throws. */
export async function writeRecords<N extends RecordName>(
  path: string,
  name: N,
  rows: Iterable<RecordTypes[N]> | AsyncIterable<RecordTypes[N]>,
): Promise<number> {
  let count = 0;
  async function* lines(): AsyncGenerator<string> {
    for await (const row of rows) {
      const text = JSON.stringify(row, finite);
      const wrong = mismatch(name, row);
      if (wrong !== null) throw new Error(`Internal error: not a record of "${name}": ${wrong.message}`);
      count++;
      yield `${text}\n`;
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(path));
  return count;
}
