/** @file Scores from a program of the user's: rows in on stdin, one line with a score out for each, in order. */
import { type Result as ExecaResult, execa } from 'execa';
import { err, ok, type Result } from '../../base/result.ts';
import type { Failure } from '../protocol/failure.ts';
import type { Part } from '../runtime/journal.ts';
import type { Response } from '../runtime/record-types.ts';

export interface CommandRequest {
  /** argv, or a line for /bin/sh. */
  readonly command: string | readonly string[];
  /** Path that stands for the word `{program}` and is in $PROGRAM. */
  readonly program: string | undefined;
  readonly rows: readonly Response[];
  readonly signal: AbortSignal;
  /** Where scores are kept whose lines name their row. */
  readonly journal: Part;
  readonly onRows: (done: number) => void;
}

type Ended = Pick<ExecaResult, 'isCanceled' | 'code' | 'failed' | 'signal' | 'exitCode'>;

/** How much of the program's stderr a failure quotes. */
const quoted = 400;

/**
 * One finite score a row. Codes: `missing-program`, `scorer-not-found`, `scorer-failed`, `scorer-bad-line`, `scorer-wrong-id`,
 * `score-not-finite`, `scorer-too-few`, `scorer-too-many`, `cancelled`.
 */
export async function scoresOfCommand(request: CommandRequest): Promise<Result<number[], Failure>> {
  const [file, ...args] = words(request);
  if (
    request.program === undefined &&
    request.command.includes('{program}') &&
    typeof request.command !== 'string'
  )
    return err({
      code: 'missing-program',
      message: 'The command names {program}, and in.program is not given.',
      hint: 'Set in.program to the file of the scorer.',
    });
  const scores = request.journal.kept.flatMap(({ scores }) => scores as number[]);
  const rows = request.rows.slice(scores.length);
  if (scores.length > 0) request.onRows(scores.length);
  if (rows.length === 0) return ok(scores);
  const before = scores.length;
  const child = execa(file, args, {
    stdin: lines(rows),
    buffer: false,
    reject: false,
    cancelSignal: request.signal,
    forceKillAfterDelay: 5000,
    ...(request.program === undefined ? {} : { env: { PROGRAM: request.program } }),
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-quoted);
    process.stderr.write(text);
  });
  const keep = keeper(request.journal);
  let wrong: Failure | null = null;
  for await (const line of child.iterable()) {
    // A broken scorer is stopped at its first wrong line; what it still prints is not read.
    if (wrong !== null) continue;
    const score = readScore(line, scores.length - before, rows);
    if (score.ok) {
      scores.push(score.value.score);
      keep(score.value);
      request.onRows(scores.length);
    } else {
      wrong = score.error;
      child.kill();
    }
  }
  const result = await child;
  const failure =
    wrong ?? failureOf(result, file, stderr.trim()) ?? missing(scores.length - before, rows.length);
  return failure === null ? ok(scores) : err(failure);
}

/**
 * Keeps scores that are sure to be of their rows. Rows of one id follow each other, and a line that is missing among them shows
 * when the next id begins too early: then they are kept, together. After a line without an id nothing is.
 */
function keeper(journal: Part): (score: Score) => void {
  let group: Score[] = [];
  let sure = true;
  return (score) => {
    sure &&= score.id !== undefined;
    if (!sure) return;
    if (group.length > 0 && group[0]?.id !== score.id) {
      journal.keep({ scores: group.map((one) => one.score) }, group.length);
      group = [];
    }
    group.push(score);
  };
}

/** How the program ended, most specific first; null when it ended well. */
function failureOf(result: Ended, file: string, stderr: string): Failure | null {
  if (result.isCanceled) return { code: 'cancelled', message: 'The scorer was stopped with the run.' };
  if (result.code === 'ENOENT' || result.code === 'EACCES')
    return {
      code: 'scorer-not-found',
      message: `The scorer "${file}" cannot be started.`,
      hint: 'Name a program on PATH, or give its file as in.program and write {program}.',
    };
  if (!result.failed) return null;
  const how = result.signal ?? `exit code ${result.exitCode}`;
  return {
    code: 'scorer-failed',
    message: `The scorer ended with ${how}: ${stderr || 'it wrote nothing to stderr'}`,
    hint: 'Run it by hand on a few {id, prompt, response} lines.',
  };
}

function missing(scores: number, rows: number): Failure | null {
  if (scores === rows) return null;
  return {
    code: 'scorer-too-few',
    message: `The scorer gave ${scores} scores for ${rows} responses.`,
    hint: 'It must print one line for each line it reads, also for those it cannot judge.',
    row: scores + 1,
  };
}

function words(request: CommandRequest): [string, ...string[]] {
  if (typeof request.command === 'string') return ['/bin/sh', '-c', request.command];
  const [file, ...args] = request.command.map((word) =>
    word === '{program}' ? (request.program ?? word) : word,
  );
  if (file === undefined) throw new Error('Internal error: the schema lets no empty command through');
  return [file, ...args];
}

function* lines(rows: readonly Response[]): Generator<string> {
  for (const { id, prompt, response } of rows) yield `${JSON.stringify({ id, prompt, response })}\n`;
}

interface Score {
  readonly score: number;
  /** The row's, where the line says which row it is of. */
  readonly id: string | undefined;
}

function readScore(line: string, done: number, rows: readonly Response[]): Result<Score, Failure> {
  const row = done + 1;
  const request = rows[done];
  if (request === undefined)
    return err({
      code: 'scorer-too-many',
      message: `The scorer printed more than the ${rows.length} lines it was asked for.`,
      hint: 'Print scores alone to stdout, everything else to stderr.',
      row,
    });
  let value: unknown;
  try {
    // Python's json writes NaN and Infinity, which JSON does not have.
    value = JSON.parse(line.replace(/(?<=[:\s])(-?Infinity|NaN)(?=\s*[,}])/g, 'null'));
  } catch {
    return err(badLine(row));
  }
  if (value === null || typeof value !== 'object' || !('score' in value)) return err(badLine(row));
  if ('id' in value && value.id !== request.id)
    return err({
      code: 'scorer-wrong-id',
      message: `Line ${row} of the scorer is for another row than the one it was given there.`,
      hint: 'Scores must come in the order of the input.',
      row,
    });
  if (typeof value.score !== 'number' || !Number.isFinite(value.score))
    return err({
      code: 'score-not-finite',
      message: `The score in line ${row} of the scorer is not a finite number.`,
      hint: 'A response without a score cannot be ranked: give it a number, or leave the row out before scoring.',
      row,
    });
  return ok({ score: value.score, id: 'id' in value ? request.id : undefined });
}

function badLine(row: number): Failure {
  return {
    code: 'scorer-bad-line',
    message: `Line ${row} of the scorer is not {"score": number}.`,
    hint: 'Print one JSON object a line to stdout, everything else to stderr.',
    row,
  };
}
