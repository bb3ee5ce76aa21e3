/** @file `cancel --left [FILE | RUN]`: ends what earlier runs left elsewhere, through the executors that have it. */
import { GRACE } from '../executors/supervision.ts';
import type { Project } from '../project.ts';
import { type Line, line, type Span, span } from '../report/line.ts';
import { plural } from '../report/quantity.ts';
import { safe } from '../report/safe.ts';
import { endAttempts, type LeftEnd } from '../run/left/end.ts';
import { answer, type Call, refuse } from './call.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { type LeftOf, type LeftRow, leftOf, leftRow } from './left-lines.ts';
import { findRun, isFileWord, projectCalled } from './run-word.ts';

/** `end`: `ended`, or why not (docs/cli.md). */
export interface EndedRow extends LeftRow {
  readonly end: LeftEnd['kind'];
  readonly why: string | null;
}

interface CancelLeftDocument {
  readonly schema: 'warren/cancel-left/1';
  readonly left: readonly EndedRow[];
  /** Folders of which cannot be read what was submitted. */
  readonly unreadable: readonly string[];
}

interface EndedLeft {
  readonly rows: readonly EndedRow[];
  readonly unreadable: readonly string[];
  /** Something could not be ended. */
  readonly goesOn: boolean;
}

/** Milliseconds after the answer for calls that are under way. */
const LINGER = 1000;

/** The project's, without a word. */
export async function cancelLeft(call: Call, word: string | undefined, now: boolean): Promise<ExitCode> {
  const isFile = word !== undefined && isFileWord(call, word);
  const called = projectCalled(call, isFile ? word : undefined);
  if (!called.ok) return refuse(call, [called.error]);
  const { project, file } = called.value;
  const run = word === undefined || isFile ? undefined : findRun(project, word);
  if (run?.ok === false) return refuse(call, [run.error]);
  const left = await endLeft(project, { file, run: run?.value.id }, now);
  const { rows, unreadable, goesOn } = left;
  const document: CancelLeftDocument = { schema: 'warren/cancel-left/1', left: rows, unreadable };
  const none = line('nothing is left elsewhere');
  answer(call, document, () => {
    if (call.quiet) return [];
    return rows.length + unreadable.length === 0 ? [none] : endedLines(left);
  });
  return goesOn ? EXIT.failed : EXIT.done;
}

export async function endLeft(project: Project, of: LeftOf, now: boolean): Promise<EndedLeft> {
  const { attempts, unreadable } = leftOf(project, of);
  const ends = await endAttempts(project, attempts, { grace: now ? 0 : GRACE });
  const rows = attempts.map((each, at): EndedRow => {
    const end = ends[at] as LeftEnd;
    return { ...leftRow(each), end: end.kind, why: end.kind === 'left' ? end.why : null };
  });
  const goesOn = rows.some(({ end }) => end === 'left');
  // A scheduler's command, or a connection, that nobody waits for any more.
  if (goesOn) setTimeout(() => process.exit(), LINGER).unref();
  return { rows, unreadable: of.run === undefined ? unreadable : [], goesOn };
}

export function endedLines({ rows, unreadable, goesOn }: EndedLeft): Line[] {
  const lines = rows.map((row): Line => [span(`${safe(row.stage)} `, 'strong'), ...endSpans(row)]);
  const hint = 'look at what its executor shows, and call warren cancel --left again';
  return [
    ...lines,
    ...unreadable.map((folder): Line => [span('unreadable', 'warn'), span(`: ${safe(folder)}`)]),
    ...(rows.length > 1 ? [countLine(rows)] : []),
    ...(goesOn ? [[span('hint: ', 'info'), span(hint)]] : []),
  ];
}

function endSpans({ profile, job, name, end, why }: EndedRow): Span[] {
  const where = span(safe(` on ${profile}, ${job === null ? name : `job ${job}`}`), 'dim');
  switch (end) {
    case 'ended':
      return [span('ended', 'good'), where];
    case 'whole':
      return [span('ended well by itself', 'good'), where, span(': the run that needs its result takes it')];
    case 'followed':
      return [span('is in the hand of a run', 'dim'), where, span(': warren cancel ends that')];
    case 'left':
      return [span('may go on', 'bad'), where, span(`: ${safe(why ?? '')}`)];
  }
}

function countLine(rows: readonly EndedRow[]): Line {
  const kinds = { ended: 'ended', whole: 'ended well', followed: 'followed', left: 'may go on' } as const;
  const parts = Object.entries(kinds).flatMap(([end, text]) => {
    const count = rows.filter((row) => row.end === end).length;
    return count === 0 ? [] : [`${count} ${text}`];
  });
  return [span(`${plural(rows.length, 'attempt')}: ${parts.join(', ')}`)];
}
