import { setTimeout as pause } from 'node:timers/promises';
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { RunId, StageId } from '../../base/ids.ts';
import { err, ok, type Result, unreachable } from '../../base/result.ts';
import type { Event, EventOf } from '../event.ts';
import type { Project } from '../project.ts';
import { type Line, span } from '../report/line.ts';
import { retryText } from '../report/lines.ts';
import { placeText } from '../report/place.ts';
import { type Call, refuse, writeLines } from './call.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { journalOf, readRun, runAlive } from './history.ts';
import { runCalled, runsOf } from './run-word.ts';
import { noSuchStage, type StageCall, stageCall, stagesCalled } from './stage-word.ts';

interface LogsOptions {
  readonly follow?: boolean;
  readonly run?: string;
}

type Output = EventOf<'stage-output'>;
/** Between the lines of two attempts it is said why there is another, and for who waits where it is. */
type Shown = Output | EventOf<'stage-retrying' | 'stage-placed'>;

/** How often a growing journal is looked at. */
const LOOK_MS = 150;

/** `logs [FILE] STAGE... [-f]`: from the newest run that ran one of the stages; lines of several instances carry their names. */
export async function logs(call: Call, words: readonly string[], options: LogsOptions): Promise<ExitCode> {
  const asked = stageCall(call, words, options.run);
  const found = findStages(call, asked, options.follow === true);
  if (!found.ok) return refuse(call, [found.error]);
  const { project, run, stages } = found.value;
  const lines: Output[] = [];
  const put = (events: readonly Shown[]): void => {
    if (call.json) for (const event of events) if (event.type === 'stage-output') lines.push(event);
    if (!call.json)
      writeLines(
        process.stdout,
        call,
        events.map((event) => textLine(event, stages.size > 1)),
      );
  };
  if (options.follow === true) await follow(project, run, stages, put);
  else put(shownOf(journalOf(project, run).next(), stages, false));
  if (call.json) process.stdout.write(`${JSON.stringify(documentOf(run, lines))}\n`);
  return EXIT.done;
}

async function follow(
  project: Project,
  run: RunId,
  stages: ReadonlySet<StageId>,
  put: (events: readonly Shown[]) => void,
): Promise<void> {
  const journal = journalOf(project, run);
  const open = new Set(stages);
  for (;;) {
    // Asked before reading: what a run wrote before it ended is then surely read.
    const alive = runAlive(project, run);
    const events = journal.next();
    put(shownOf(events, stages, true));
    for (const event of events) if (event.type === 'stage-done') open.delete(event.stage);
    const ended = events.some(({ type }) => type === 'run-done');
    if (open.size === 0 || ended || !alive) return;
    await pause(LOOK_MS);
  }
}

function shownOf(events: readonly Event[], stages: ReadonlySet<StageId>, places: boolean): Shown[] {
  return events.filter((event): event is Shown => {
    const shown =
      event.type === 'stage-output' ||
      event.type === 'stage-retrying' ||
      (places && event.type === 'stage-placed');
    return shown && stages.has(event.stage);
  });
}

function textLine(event: Shown, named: boolean): Line {
  const text = textOf(event);
  return named ? [span(`${event.stage} | `, 'dim'), text] : [text];
}

function textOf(event: Shown): Line[number] {
  switch (event.type) {
    case 'stage-output':
      return span(event.text);
    case 'stage-retrying':
      return span(
        `retry ${event.retry} of ${event.of} ${retryText(event)}: ${event.failure.message}`,
        'warn',
      );
    case 'stage-placed':
      return span(`${event.state} ${placeText(event, 'job')}`, 'dim');
    default:
      return unreachable(event);
  }
}

function documentOf(run: RunId, lines: readonly Output[]): object {
  return {
    schema: 'warren/logs/1',
    run,
    lines: lines.map(({ at, stage, stream, text }) => ({ at, stage, stream, text })),
  };
}

interface Found {
  readonly project: Project;
  readonly run: RunId;
  readonly stages: ReadonlySet<StageId>;
}

/** The newest run in which a stage that is meant started, or with `-f` will; a run that only found it fresh printed nothing. */
function findStages(
  call: Call,
  { stages: asked, ...words }: StageCall,
  awaits: boolean,
): Result<Found, Diagnostic> {
  const latest = runCalled(call, words);
  if (!latest.ok) return latest;
  const { project, run: newest, file } = latest.value;
  const candidates = words.id === undefined ? runsOf(project, file) : [newest.id];
  let known: StageId[] = [];
  for (const run of candidates) {
    const { tally, alive } = run === newest.id ? newest : readRun(project, run);
    const named = asked.flatMap((word) => stagesCalled(word, tally));
    const started = named.filter((stage) => tally.begun.has(stage));
    const coming = awaits && alive ? named.filter((stage) => !tally.done.has(stage)) : [];
    const stages = new Set([...started, ...coming]);
    if (stages.size > 0) return ok({ project, run, stages });
    known = known.length > 0 ? known : named;
  }
  if (known.length > 0) {
    const where = words.id === undefined ? 'any run that is kept' : `run ${words.id}`;
    const message = `${known.join(', ')} did not run in ${where}.`;
    const hint = `run it again: warren run ${words.file ?? 'FILE'} ${asked.join(' ')} --force`;
    return err({ code: 'no-log', severity: 'error', message, hint });
  }
  return err(noSuchStage(asked[0] ?? '', newest));
}
