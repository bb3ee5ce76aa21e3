import type { Diagnostic } from '../../base/diagnostic.ts';
import type { StageId } from '../../base/ids.ts';
import type { Action, Because, EventOf } from '../event.ts';
import { type Line, span } from '../report/line.ts';
import { plural } from '../report/quantity.ts';
import { statusLines } from '../report/status.ts';
import type { Tally } from '../report/tally.ts';
import type { Lefts } from '../run/left/list.ts';
import { answer, type Call, refuse, sourcesOf } from './call.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { editedFiles, type PastRun } from './history.ts';
import { type LeftRow, leftLines, leftOf, leftRow } from './left-lines.ts';
import { isFileWord, projectCalled, runCalled } from './run-word.ts';

interface StatusDocument {
  readonly schema: 'warren/status/1';
  /** Null: there is none, and earlier ones left something elsewhere. */
  readonly run: string | null;
  readonly pipeline: string | null;
  readonly file: string | null;
  /** `broken`: the engine is gone and left no end. */
  readonly state: EventOf<'run-done'>['outcome'] | 'running' | 'broken' | 'none';
  /** Attempts of the project, or of the file or run that was named, that outlive their engines and are not collected. */
  readonly left: readonly LeftRow[];
  /** Files of the pipeline that were edited since this run was planned from them. */
  readonly edited: readonly string[];
  /** Lines of the journal that this version cannot read. */
  readonly unread: number;
  readonly stages: readonly {
    readonly id: StageId;
    readonly kind: string;
    readonly state: Action | 'running' | 'waiting';
    readonly seconds: number | null;
    /** Seconds in a queue of the executor: of those of an ended stage the last attempt's, else so far. */
    readonly queued: number | null;
    /** Where its latest attempt is, or was. */
    readonly placed: Placed | null;
    readonly because: readonly Because[];
    readonly progress: { readonly step: number; readonly total: number; readonly unit: string } | null;
    /** The result was made under another key, and accepted as the same on purpose. */
    readonly accepted: boolean;
    /** The last line that a running or failed stage printed. */
    readonly last: string | null;
  }[];
}

interface Placed {
  readonly profile: string;
  readonly state: 'queued' | 'running';
  readonly job: string | null;
  readonly host: string | null;
  readonly gpus: readonly string[];
  /** The scheduler's reason to let it wait, or why it could not be asked. */
  readonly why: string | null;
  /** An earlier run submitted it. */
  readonly adopted: boolean;
}

/** `status [FILE | RUN]`: where the latest run stands, also while it goes on. */
export function status(call: Call, word?: string): Promise<ExitCode> {
  const isFile = word !== undefined && isFileWord(call, word);
  const called = runCalled(call, isFile ? { file: word } : { id: word });
  if (!called.ok) return Promise.resolve(withoutRun(call, word, isFile, called.error));
  const { run, project, file } = called.value;
  const { show } = sourcesOf(call.cwd);
  const left = leftOf(project, { file, run: word === undefined || isFile ? undefined : run.id });
  answer(call, documentOf(run, left), () => [
    ...statusLines(run.tally, Date.now(), run.alive, show),
    ...leftLines(left, Date.now()),
    ...oldPlanLines(run, show),
    ...unreadLines(run),
  ]);
  return Promise.resolve(EXIT.done);
}

/** Runs may be removed, and what they left goes on all the same. */
function withoutRun(call: Call, word: string | undefined, isFile: boolean, error: Diagnostic): ExitCode {
  const called = word === undefined || isFile ? projectCalled(call, word) : undefined;
  const left = called?.ok === true ? leftOf(called.value.project, { file: called.value.file }) : undefined;
  if (left === undefined || left.attempts.length === 0) return refuse(call, [error]);
  const document: StatusDocument = {
    schema: 'warren/status/1',
    run: null,
    pipeline: null,
    file: null,
    state: 'none',
    left: left.attempts.map(leftRow),
    edited: [],
    unread: 0,
    stages: [],
  };
  answer(call, document, () => leftLines(left, Date.now()));
  return EXIT.done;
}

function documentOf(run: PastRun, left: Lefts): StatusDocument {
  const { id, tally, alive, unread } = run;
  return {
    schema: 'warren/status/1',
    run: id,
    pipeline: tally.started?.pipeline ?? null,
    file: tally.started?.file ?? null,
    state: tally.ended?.outcome ?? (alive ? 'running' : 'broken'),
    left: left.attempts.map(leftRow),
    edited: editedFiles(tally),
    unread,
    stages: (tally.started?.stages ?? []).map(({ id: stage, kind }) => {
      const done = tally.done.get(stage);
      const latest = tally.running.get(stage)?.latest;
      return {
        id: stage,
        kind,
        state: done?.action ?? (tally.running.has(stage) ? 'running' : 'waiting'),
        seconds: done?.seconds ?? null,
        queued: done === undefined ? queuedSoFar(tally, stage) : (done.queued ?? null),
        placed: placedOf(tally, stage),
        because: done?.because ?? tally.begun.get(stage)?.because ?? [],
        progress: latest === undefined ? null : { step: latest.step, total: latest.total, unit: latest.unit },
        accepted: done?.accepted === true,
        last: tally.tails.get(stage)?.last ?? null,
      };
    }),
  };
}

function queuedSoFar(tally: Tally, stage: StageId): number | null {
  const running = tally.running.get(stage);
  if (running === undefined || !tally.places.has(stage)) return null;
  const { queuedAt, queued } = running;
  return queued + (queuedAt === undefined ? 0 : Math.max(0, Date.now() - queuedAt) / 1000);
}

function placedOf(tally: Tally, stage: StageId): Placed | null {
  const event = tally.places.get(stage);
  if (event === undefined) return null;
  const { profile, state, job = null, host = null, gpus = [], why = null, adopted = false } = event;
  return { profile, state, job, host, gpus, why, adopted };
}

/** A run keeps to the plan that it started with: an edit is for the next one. */
function oldPlanLines({ tally, alive }: PastRun, show: (path: string) => string): Line[] {
  const edited = editedFiles(tally);
  if (edited.length === 0) return [];
  const files = edited.map(show).join(', ');
  const effect = alive ? 'this run goes on with the plan it started with' : 'a new run may do more';
  return [[span('plan is old', 'warn'), span(`: ${files} was edited since; ${effect}`)]];
}

function unreadLines({ unread }: PastRun): Line[] {
  if (unread === 0) return [];
  const what = `${plural(unread, 'line')} of the journal cannot be read by this version`;
  return [[span('unread', 'warn'), span(`: ${what}`)]];
}
