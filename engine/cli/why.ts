import type { Diagnostic } from '../../base/diagnostic.ts';
import type { Key, RunId, StageId } from '../../base/ids.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { Action, Because } from '../event.ts';
import { whyKey } from '../plan/why.ts';
import type { Project } from '../project.ts';
import { becauseLine } from '../report/because.ts';
import { type Line, line, span } from '../report/line.ts';
import { answer, type Call, refuse } from './call.ts';
import { changeLines, type ShownChange, shownChange } from './change-lines.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { PastRun } from './history.ts';
import { findRun, runCalled } from './run-word.ts';
import { noSuchStage, stageCall, stagesCalled } from './stage-word.ts';

interface WhyOptions {
  readonly run?: string;
  readonly against?: string;
}

interface Explained {
  readonly id: StageId;
  readonly action: Action | null;
  readonly key: Key | null;
  readonly because: readonly Because[];
  /** The nearest earlier result: of the same stage, else of another stage of its kind. */
  readonly against: { readonly stage: StageId; readonly run: RunId; readonly key: Key } | null;
  readonly changes: readonly ShownChange[];
  /** Set when nothing ran for the key: an earlier result was accepted in its place. */
  readonly accepted: { readonly from: Key; readonly run: RunId } | null;
}

interface WhyDocument {
  readonly schema: 'warren/why/1';
  readonly run: RunId;
  readonly stages: readonly Explained[];
}

/** `why [FILE] STAGE... [--against RUN]`: each stage's fingerprint in the latest run beside an earlier one, field by field. */
export function why(call: Call, words: readonly string[], options: WhyOptions): Promise<ExitCode> {
  const explained = explainStages(call, words, options);
  if (!explained.ok) return Promise.resolve(refuse(call, [explained.error]));
  const document = explained.value;
  answer(call, document, () => document.stages.flatMap(explainedLines));
  return Promise.resolve(EXIT.done);
}

function explainStages(
  call: Call,
  words: readonly string[],
  options: WhyOptions,
): Result<WhyDocument, Diagnostic> {
  const asked = stageCall(call, words, options.run);
  const called = runCalled(call, asked);
  if (!called.ok) return called;
  const { project, run } = called.value;
  const other = options.against === undefined ? undefined : findRun(project, options.against);
  if (other?.ok === false) return other;
  const unknown = asked.stages.find((word) => stagesCalled(word, run.tally).length === 0);
  if (unknown !== undefined) return err(noSuchStage(unknown, run));
  const ids = [...new Set(asked.stages.flatMap((word) => stagesCalled(word, run.tally)))];
  if (other !== undefined) {
    const missing = ids.find((id) => keyIn(other.value, id) === null);
    if (missing !== undefined) return err(noKey(missing, other.value));
  }
  const stages = ids.map((id) => explain(id, run, project, other?.value));
  return ok({ schema: 'warren/why/1', run: run.id, stages });
}

/** The key that a stage has or had in a run, as soon as it was known. */
function keyIn({ tally }: PastRun, id: StageId): Key | null {
  return tally.done.get(id)?.key ?? tally.begun.get(id)?.key ?? null;
}

function noKey(id: StageId, { id: run }: PastRun): Diagnostic {
  const message = `In run ${run}, ${id} did not get as far as to have a key.`;
  return { code: 'no-key', severity: 'error', message, hint: 'warren runs lists the others' };
}

function explain(id: StageId, run: PastRun, project: Project, other: PastRun | undefined): Explained {
  const { tally } = run;
  const done = tally.done.get(id);
  const key = keyIn(run, id);
  const because = done?.because ?? tally.begun.get(id)?.because ?? [];
  const facts = { id, action: done?.action ?? null, key, because };
  if (key === null) return { ...facts, against: null, changes: [], accepted: null };
  const earlier = other && { stage: id, key: keyIn(other, id) as Key, run: other.id };
  const { against, changes, accepted } = whyKey(project, tally.started?.pipeline ?? '', id, key, {
    against: earlier,
  });
  return { ...facts, against, changes: changes.map(shownChange), accepted: accepted ?? null };
}

function explainedLines({ id, action, because, against, changes, accepted }: Explained): Line[] {
  const head: Line = [
    span(id, 'strong'),
    span(`  ${action ?? 'not ended'}  `),
    span(becauseLine(because), 'dim'),
  ];
  const said =
    accepted === null
      ? []
      : [line(`  accepted: the result that run ${accepted.run} made is the same on purpose`, 'info')];
  if (against === null) return [head, ...said, line('  there is no earlier result to compare with', 'dim')];
  const name = against.stage === id ? '' : `${against.stage} of `;
  const compared = line(`  compared with ${name}run ${against.run}:`, 'dim');
  const equal = changes.length === 0 ? [line('  nothing differs', 'dim')] : [];
  return [head, ...said, compared, ...equal, ...changeLines(changes)];
}
