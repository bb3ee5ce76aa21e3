/** @file One stage, from its key to its result: claim, stage, run, check, store, publish. */
import { dirname, join } from 'node:path';
import type { StageId } from '../../base/ids.ts';
import { ok } from '../../base/result.ts';
import { type ActionRecord, readAction } from '../../cache/actions.ts';
import type { Because, StageFailure } from '../event.ts';
import type { Stage } from '../pipeline/graph.ts';
import type { Decision } from '../plan/decide.ts';
import { attemptsFolder } from '../plan/past.ts';
import type { Outputs } from '../plan/resolve.ts';
import { type Attempt, clearAttempt, closeAttempt, openAttempt, reopenAttempt } from './attempt-folder.ts';
import { claim } from './claim.ts';
import { collectOutputs } from './collect.ts';
import type { RunContext } from './context.ts';
import { cannotWrite, unstored } from './degraded.ts';
import { changedInput, rewrittenInput, warnChanged } from './input-checks.ts';
import { copiedAttempts, type Intent, pendingAttempt } from './intents.ts';
import { type Performed, perform } from './perform.ts';
import type { Placed } from './placement.ts';
import type { Adopted } from './process.ts';
import { publish, recordOf } from './record.ts';
import { endPending, findPending } from './resume.ts';
import type { FailureCause } from './retry.ts';
import { secretsOf } from './secrets.ts';

export type ToRun = Extract<Decision, { state: 'run' }>;

export type Ended =
  | {
      readonly kind: 'ran';
      readonly outputs: Outputs;
      /** False for a result that the next run will not find: an input changed, or the cache could not be written. */
      readonly stored: boolean;
      readonly seconds: number;
      readonly queued?: number | undefined;
    }
  /** Another engine made it while we waited, or a remote has it. */
  | { readonly kind: 'found'; readonly record: ActionRecord }
  | {
      readonly kind: 'failed';
      readonly failure: StageFailure;
      readonly cause: FailureCause;
      /** The place's doing, not the stage's. */
      readonly byPlace?: boolean | undefined;
      readonly seconds: number;
      /** Of them, seconds in a queue. */
      readonly queued?: number | undefined;
    }
  | { readonly kind: 'cancelled'; readonly seconds: number }
  /** An attempt of an earlier run has it, and elsewhere than where it was to go; or that attempt is over. */
  | { readonly kind: 'moved' }
  /** An input's bytes are gone: its producer has to run first. */
  | { readonly kind: 'lost'; readonly producer: StageId; readonly because: Because };

/**
 * Runs a stage that has no result, or has one that is not to be used. `tries` counts the attempts of this run, from 1;
 * the stage's resources are those of this try.
 */
export async function attemptStage(
  context: RunContext,
  stage: Stage,
  toRun: ToRun,
  tries: number,
  placed: Placed,
): Promise<Ended> {
  const { key, anyway } = toRun;
  context.lease.announce([[key, stage.id]]);
  const release = await claim(context, stage.id, key);
  if (release === undefined) return { kind: 'cancelled', seconds: 0 };
  try {
    if (!anyway) await context.world.elsewhere?.lookUp([key]);
    const record = anyway ? undefined : readAction(context.world.project.cache, key);
    if (record !== undefined) return { kind: 'found', record };
    const ended = await attempt(context, stage, toRun, tries, placed);
    // A stage may have put a secret into the name of a file that the failure tells of.
    return ended.kind === 'failed' ? secretsOf(context.index.graph, process.env).value(ended) : ended;
  } finally {
    release();
  }
}

/** By `--force`: nothing of earlier attempts is used. */
export function isAfresh({ because }: ToRun, tries: number): boolean {
  return tries === 1 && because.some(({ kind }) => kind === 'forced');
}

async function attempt(
  context: RunContext,
  stage: Stage,
  toRun: ToRun,
  tries: number,
  placed: Placed,
): Promise<Ended> {
  if (stage.workspace !== undefined) {
    const { attemptInPlace } = await import('./in-place/attempt.ts');
    return attemptInPlace(context, stage, stage.workspace, toRun, placed);
  }
  const { project } = context.world;
  const { because } = toRun;
  const began = performance.now();
  let seconds = (): number => (performance.now() - began) / 1000;
  const afresh = isAfresh(toRun, tries);
  const pending = pendingAttempt(project, toRun.key);
  if (!pending.ok) return { kind: 'failed', failure: pending.error, cause: 'invalid', seconds: 0 };
  if (pending.value !== undefined && afresh) await endPending(context, stage, pending.value);
  const earlier = afresh ? undefined : pending.value;
  if (earlier?.intent.name !== placed.resumes) return { kind: 'moved' };
  let adopted: Adopted | undefined;
  let opened: Attempt;
  let performed: Performed;
  try {
    if (earlier === undefined) {
      for (const intent of copiedAttempts(project, toRun.key)) warnCopied(context, stage, intent);
      opened = openAttempt(project, toRun.key, !afresh);
    } else {
      const found = await findPending(
        context,
        stage,
        earlier,
        placed,
        join(attemptsFolder(project, toRun.key), String(earlier.number)),
      );
      if (found.kind === 'stopped') return { kind: 'cancelled', seconds: seconds() };
      opened = reopenAttempt(project, toRun.key, earlier.number, found.kind !== 'unsubmitted');
      if (found.kind === 'failed') {
        if (found.cause !== 'invalid') clearAttempt(opened.folder);
        return { ...found, seconds: seconds() };
      }
      if (found.kind === 'adopted') adopted = found;
    }
    context.world.keepCode(stage.kind);
    performed = await perform(context, stage, toRun, opened, because, tries, placed, adopted);
    if (performed.kind !== 'again') placed.lease?.release();
  } catch (error) {
    const failure = cannotWrite('The folder of this attempt', error);
    if (failure === undefined) throw error;
    return { kind: 'failed', failure, cause: 'invalid', seconds: seconds() };
  }
  if (performed.kind !== 'ended') {
    if (performed.kind !== 'cancelled' || !performed.left) clearAttempt(opened.folder);
    // An earlier run that was stopped, and killed before it saw the end.
    const stopped = performed.kind === 'failed' && performed.failure.code === 'cancelled-there';
    if (performed.kind === 'again' || (stopped && adopted !== undefined)) {
      return placed.resumes === undefined ? attempt(context, stage, toRun, tries, placed) : { kind: 'moved' };
    }
    return performed.kind === 'lost' ? performed : { ...performed, seconds: seconds() };
  }
  const { made, said } = performed;
  if (adopted !== undefined) {
    const { at } = adopted;
    // It may have ended long before anybody came to collect it.
    seconds = () => (said.ran === undefined ? Math.max(0, Date.now() - at) / 1000 : said.queued + said.ran);
  }
  const changed =
    changedInput(context, stage) ?? (adopted && rewrittenInput(context.world, stage, adopted.stamps));
  const collected =
    made.at === 'away'
      ? ok({ artifacts: made.artifacts, unstored: undefined })
      : await collectOutputs(stage, made.outputs, project.cache, placed.executor.capabilities.survivesEngine);
  if (!collected.ok) {
    clearAttempt(opened.folder);
    return {
      kind: 'failed',
      failure: collected.error,
      cause: 'invalid',
      seconds: seconds(),
      queued: said.queued,
    };
  }
  const { artifacts, unstored: why } = collected.value;
  if (why !== undefined) {
    context.emit({ type: 'warning', at: Date.now(), stage: stage.id, diagnostic: unstored(stage.id, why) });
    context.held.push(opened.folder);
    return { kind: 'ran', outputs: artifacts, stored: false, seconds: seconds(), queued: said.queued };
  }
  let standing: ActionRecord | undefined;
  if (changed !== undefined) warnChanged(context, stage, changed);
  else if (stage.cache) {
    const record = recordOf(context, stage, toRun, artifacts, said, seconds());
    // Another engine may have been first: then its result is the one.
    standing = await publish(context, stage, record, toRun.anyway);
  }
  closeAttempt(project, opened);
  const outputs = standing?.outputs ?? artifacts;
  return { kind: 'ran', outputs, stored: standing !== undefined, seconds: seconds(), queued: said.queued };
}

function warnCopied({ emit }: RunContext, { id: stage }: Stage, { name, profile, home }: Intent): void {
  const diagnostic = {
    code: 'attempt-elsewhere',
    severity: 'warning',
    message: `An earlier attempt of ${stage}, ${name} on ${profile}, was submitted from ${dirname(home)}.`,
    hint: 'this project is a copy of that one, or was moved: the attempt is left alone, and its result is not used',
  } as const;
  emit({ type: 'warning', at: Date.now(), stage, diagnostic });
}
