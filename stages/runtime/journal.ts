/**
 * @file What a stage has done so far, kept in `state/` as JSON lines: a killed stage loses the line it was writing. Each line
 * has a digest over itself and the one before, so that only a whole beginning of the file is believed.
 */
import { hash } from 'node:crypto';
import { appendFileSync, ftruncateSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../base/json.ts';
import type { Context } from '../protocol/context.ts';

/** The journal of one thing that a stage does: the responses of a model, the scores of a judge. */
export interface Part {
  /** What earlier attempts kept, in the order of writing. */
  readonly kept: readonly JsonObject[];
  /** Keeps what says all of so many responses. */
  keep(entry: JsonObject, responses: number): void;
}

export interface Journal {
  part(name: string): Part;
}

interface Line {
  readonly part: string;
  readonly responses: number;
  readonly entry: JsonObject;
}

const SCHEMA = 'warren/journal/1';

/** Opens the journal of a stage; says how much of it an earlier attempt has done. */
export function openJournal(ctx: Context<object>, kind: string): Journal {
  const path = join(ctx.state, 'journal.jsonl');
  const head = { schema: SCHEMA, kind, with: ctx.with as JsonObject };
  const found = read(path, head);
  const done = found.lines.reduce((sum, { responses }) => sum + responses, 0);
  if (found.damaged) ctx.note('The journal of an earlier attempt is damaged; what followed is done again.');
  if (done > 0) ctx.note(`Resumed: ${done} responses were done.`);
  let last = found.last;
  let file: number | 'closed' | undefined;

  function write(value: object): void {
    if (file === 'closed') return;
    try {
      if (file === undefined) {
        file = openSync(path, 'a');
        ftruncateSync(file, found.length);
        if (found.length === 0) appendFileSync(file, `${JSON.stringify({ ...head, sha256: last })}\n`);
      }
      const sha256 = chain(last, value);
      appendFileSync(file, `${JSON.stringify({ ...value, sha256 })}\n`);
      last = sha256;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
      // After half a line nothing that follows would be believed.
      file = 'closed';
      ctx.note(`The journal cannot be written (${error.code}): an interruption would lose what follows.`);
    }
  }

  return {
    part: (part) => ({
      kept: found.lines.filter((line) => line.part === part).map(({ entry }) => entry),
      keep: (entry, responses) => write({ part, responses, entry } satisfies Line),
    }),
  };
}

interface Found {
  readonly lines: readonly Line[];
  /** Bytes of what is believed, and the digest of its last line. */
  readonly length: number;
  readonly last: string;
  /** More is wrong than a last line that was not finished. */
  readonly damaged: boolean;
}

function read(path: string, head: JsonObject): Found {
  const bytes = readIfThere(path);
  const lines: Line[] = [];
  let last = chain('', head);
  let length = 0;
  for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, length)) {
    const value = parse(bytes.toString('utf8', length, end));
    const { sha256, ...rest } = value;
    if (length === 0) {
      if (sha256 !== last || chain('', rest) !== last) break;
    } else {
      const next = chain(last, rest);
      if (sha256 !== next) break;
      last = next;
      lines.push(rest as unknown as Line);
    }
    length = end + 1;
  }
  return { lines, length, last, damaged: bytes.indexOf(0x0a, length) !== -1 };
}

function chain(before: string, value: object): string {
  return hash('sha256', before + JSON.stringify(value));
}

function parse(text: string): { readonly [name: string]: unknown } {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}
