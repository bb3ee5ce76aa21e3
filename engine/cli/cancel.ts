/** @file `cancel [RUN]`: asks the engine of a run to end, as Ctrl-C would where it runs, and waits until it has. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { RunId } from '../../base/ids.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { isAlive, type Owner, readOwner } from '../../cache/owner.ts';
import type { EventOf } from '../event.ts';
import { GRACE } from '../executors/supervision.ts';
import type { Project } from '../project.ts';
import { span } from '../report/line.ts';
import { plural } from '../report/quantity.ts';
import { runFolder } from '../run/journal.ts';
import { answer, type Call, refuse, warn } from './call.ts';
import { cancelLeft, type EndedRow, endedLines, endLeft } from './cancel-left.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { journalOf, readRun, runAlive } from './history.ts';
import { leftOf } from './left-lines.ts';
import { findRun, isFileWord, projectCalled, runsOf } from './run-word.ts';

interface CancelDocument {
  readonly schema: 'warren/cancel/1';
  readonly run: RunId;
  /** How it ended; `broken`: without saying so. */
  readonly state: EventOf<'run-done'>['outcome'] | 'broken';
  /** What the engine was asked; `nothing`: it had ended before, or had been asked already. */
  readonly asked: 'stop' | 'kill' | 'nothing';
  /** What it had left elsewhere when it ended, and what became of that now. */
  readonly left: readonly EndedRow[];
}

const LOOK_MS = 50;
/** After the time that what runs has to save its state, and some more for the engine. */
const PATIENCE_MS = GRACE + 5000;

export async function cancel(
  call: Call,
  word: string | undefined,
  options: { readonly now?: boolean; readonly left?: boolean },
): Promise<ExitCode> {
  if (options.left === true) return cancelLeft(call, word, options.now === true);
  const found = findEngine(call, word);
  if (!found.ok) return refuse(call, [found.error]);
  const { project, id, owner } = found.value;
  const asked = owner === undefined ? ok('nothing' as const) : ask(project, id, owner, options.now === true);
  if (!asked.ok) return refuse(call, [asked.error]);
  if (owner !== undefined) await untilEnded(call, id, owner);
  const { tally } = readRun(project, id);
  const state = tally.ended?.outcome ?? 'broken';
  // An engine that was killed told nobody to end.
  const left = await endLeft(project, { run: id }, options.now === true);
  const document: CancelDocument = {
    schema: 'warren/cancel/1',
    run: id,
    state,
    asked: asked.value,
    left: left.rows,
  };
  const ended = owner === undefined ? 'had ended already' : 'has ended';
  answer(call, document, () =>
    call.quiet ? [] : [[span(`run ${id} ${ended}: `), span(state, 'strong')], ...endedLines(left)],
  );
  return left.goesOn ? EXIT.failed : EXIT.done;
}

interface Engine {
  readonly project: Project;
  readonly id: RunId;
  /** Undefined: the run has ended. */
  readonly owner: Owner | undefined;
}

/** The run that is meant, or else the only one that goes on. */
function findEngine(call: Call, word: string | undefined): Result<Engine, Diagnostic> {
  const isFile = word !== undefined && isFileWord(call, word);
  const called = projectCalled(call, isFile ? word : undefined);
  if (!called.ok) return called;
  const { project, file } = called.value;
  if (word !== undefined && !isFile) {
    const run = findRun(project, word);
    return run.ok ? engineOf(project, run.value.id) : run;
  }
  const alive = [...runsOf(project, file)].filter((id) => readRunAlive(project, id));
  const [only, ...others] = alive;
  if (only === undefined) {
    const message =
      file === undefined ? 'No run of this project goes on.' : 'No run of this pipeline goes on.';
    const left = leftOf(project, { file }).attempts.filter(({ followed }) => !followed);
    const hint =
      left.length === 0
        ? 'warren runs lists all of them'
        : `${plural(left.length, 'attempt')} of earlier runs may go on elsewhere: warren cancel --left ends them`;
    return err({ code: 'no-run', severity: 'error', message, hint });
  }
  if (others.length > 0) {
    const message = `${alive.length} runs go on: ${alive.join(', ')}.`;
    return err({
      code: 'ambiguous-run',
      severity: 'error',
      message,
      hint: `name one: warren cancel ${only}`,
    });
  }
  return engineOf(project, only);
}

/** A run that ended has an owner still, who may be going on with something else. */
function readRunAlive(project: Project, id: RunId): boolean {
  return runAlive(project, id) && readRun(project, id).alive;
}

function engineOf(project: Project, id: RunId): Result<Engine, Diagnostic> {
  if (!readRunAlive(project, id)) return ok({ project, id, owner: undefined });
  const owner = readOwner(join(runFolder(project, id), 'owner.json'));
  if (owner === undefined || isAlive(owner) !== true) {
    const message = `The engine of run ${id} is on host ${owner?.host ?? 'unknown'}.`;
    return err({ code: 'other-host', severity: 'error', message, hint: `call warren cancel ${id} there` });
  }
  return ok({ project, id, owner });
}

/** The first signal stops, the second ends what runs; a third would leave it behind, and is never sent. */
function ask(
  project: Project,
  id: RunId,
  owner: Owner,
  now: boolean,
): Result<CancelDocument['asked'], Diagnostic> {
  const heard = journalOf(project, id)
    .next()
    .filter((event) => event.type === 'warning' && event.diagnostic.code === 'interrupted').length;
  // Of one signal a second may get lost while the first waits, of two different ones neither does.
  const signals = (now ? (['SIGTERM', 'SIGHUP'] as const) : (['SIGTERM'] as const)).slice(heard);
  try {
    for (const signal of signals) process.kill(owner.pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    if (error.code !== 'ESRCH') {
      const message = `The engine of run ${id} (process ${owner.pid}) cannot be asked to end (${String(error.code)}).`;
      const hint = 'it belongs to somebody else';
      return err({ code: 'not-permitted', severity: 'error', message, hint });
    }
  }
  return ok(signals.length === 0 ? 'nothing' : now ? 'kill' : 'stop');
}

async function untilEnded(call: Call, id: RunId, owner: Owner): Promise<void> {
  const late = Date.now() + PATIENCE_MS;
  for (let told = false; isAlive(owner) === true; await pause(LOOK_MS)) {
    if (told || call.quiet || Date.now() < late) continue;
    told = true;
    const message = `Run ${id} has not ended yet.`;
    const hint = `warren cancel ${id} --now gives what runs no more time`;
    warn(call, [{ code: 'still-running', severity: 'warning', message, hint }]);
  }
}
