/** @file One stage, from its key to its result: claim, stage, run, check, store, publish. */
import { writeFileSync } from 'node:fs';
import { arch, cpus, platform } from 'node:os';
import { join } from 'node:path';
import type { StageId } from '../../base/ids.ts';
import { type ActionRecord, publishAction, readAction } from '../../cache/actions.ts';
import { changedSince } from '../../cache/guards.ts';
import { mutatedInput } from '../../cache/placement.ts';
import { errnoOf } from '../../cache/publish.ts';
import type { Because, StageFailure } from '../event.ts';
import type { Stage } from '../pipeline/graph.ts';
import type { Keyed } from '../plan/decide.ts';
import { asJson } from '../plan/fingerprint.ts';
import { sourcesOf } from '../plan/index.ts';
import { lostBecause } from '../plan/lost.ts';
import { attemptsFolder } from '../plan/past.ts';
import type { Outputs } from '../plan/resolve.ts';
import { claim } from './claim.ts';
import { collectOutputs } from './collect.ts';
import type { RunContext } from './context.ts';
import { launchOf } from './launch.ts';
import { runProcess, type Said } from './process.ts';
import {
  type Attempt,
  clearAttempt,
  closeAttempt,
  openAttempt,
  stageInputs,
  stageOutputs,
} from './staging.ts';

export type Ended =
  | { readonly kind: 'ran'; readonly outputs: Outputs; readonly seconds: number }
  /** Another engine made it while we waited. */
  | { readonly kind: 'found'; readonly record: ActionRecord }
  | { readonly kind: 'failed'; readonly failure: StageFailure; readonly seconds: number }
  | { readonly kind: 'cancelled'; readonly seconds: number }
  /** An input's bytes are gone: its producer has to run first. */
  | { readonly kind: 'lost'; readonly producer: StageId; readonly because: Because };

/** Runs a stage that has no result. `because` with a forced or lost reason runs it even if one appears meanwhile. */
export async function attemptStage(
  context: RunContext,
  stage: Stage,
  keyed: Keyed,
  because: readonly Because[],
): Promise<Ended> {
  const release = stage.cache ? await claim(context, stage.id, keyed.key) : () => {};
  if (release === undefined) return { kind: 'cancelled', seconds: 0 };
  try {
    const anyway = mustRun(because);
    const record = stage.cache && !anyway ? readAction(context.world.project.cache, keyed.key) : undefined;
    if (record !== undefined) return { kind: 'found', record };
    return await attempt(context, stage, keyed, because, anyway);
  } finally {
    release();
  }
}

async function attempt(
  context: RunContext,
  stage: Stage,
  keyed: Keyed,
  because: readonly Because[],
  anyway: boolean,
): Promise<Ended> {
  const { project } = context.world;
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1000;
  const opened = openAttempt(project, keyed.key, !because.some(({ kind }) => kind === 'forced'));
  // Kept until there is a record: a failed attempt is compared with too.
  writeFileSync(
    join(attemptsFolder(project, keyed.key), 'fingerprint.json'),
    JSON.stringify(keyed.fingerprint),
  );
  const inputs = stageInputs(stage, keyed.inputs, project.cache, opened);
  if (!inputs.ok) {
    const { producer, digest } = inputs.error;
    return ended(opened, { kind: 'lost', producer, because: lostBecause('a result', digest) });
  }
  const outputs = stageOutputs(stage, opened);
  const { key } = keyed;
  context.emit({
    type: 'stage-started',
    at: Date.now(),
    stage: stage.id,
    key,
    attempt: opened.number,
    because,
  });
  const staged = { attempt: opened, inputs: inputs.value.staged, outputs };
  const launch = launchOf(stage, staged, context.index.graph.folder, context.world);
  const said = await runProcess(context, stage, launch, opened.log);
  const mutated = mutatedInput(project.cache, inputs.value.handed);
  if (said.interrupted) return ended(opened, { kind: 'cancelled', seconds: seconds() });
  const failure = said.failure ?? (mutated === undefined ? undefined : inputMutated(opened, mutated.path));
  if (failure !== undefined) return ended(opened, { kind: 'failed', failure, seconds: seconds() });
  const changed = changedInput(context, stage);
  const collected = await collectOutputs(stage, outputs, project.cache);
  if (!collected.ok) return ended(opened, { kind: 'failed', failure: collected.error, seconds: seconds() });
  if (changed !== undefined) warnChanged(context, stage, changed);
  else if (stage.cache) {
    const record = recordOf(context, keyed, collected.value, said, seconds());
    const standing = publish(context, stage, record, anyway);
    closeAttempt(opened);
    return { kind: 'ran', outputs: standing.outputs, seconds: seconds() };
  }
  closeAttempt(opened);
  return { kind: 'ran', outputs: collected.value, seconds: seconds() };
}

function ended(opened: Attempt, end: Ended): Ended {
  clearAttempt(opened.folder);
  return end;
}

function mustRun(because: readonly Because[]): boolean {
  return because.some(({ kind }) => kind === 'forced' || kind === 'lost');
}

function recordOf(
  { run }: RunContext,
  keyed: Keyed,
  outputs: Outputs,
  said: Said,
  seconds: number,
): ActionRecord {
  const { key, fingerprint } = keyed;
  return {
    schema: 'warren/action/1',
    key,
    fingerprint: asJson(fingerprint),
    outputs,
    kind: fingerprint.kind,
    run,
    seconds,
    machine: machineClass(),
    notes: said.notes,
    reports: said.reports,
  };
}

let machine: ActionRecord['machine'] | undefined;

function machineClass(): ActionRecord['machine'] {
  machine ??= { platform: platform(), arch: arch(), cpu: cpus()[0]?.model ?? 'unknown' };
  return machine;
}

/** A result that cannot be recorded is still a result of this run; people must hear that the next one will not find it. */
function publish(context: RunContext, stage: Stage, record: ActionRecord, replace: boolean): ActionRecord {
  try {
    return publishAction(context.world.project.cache, record, replace);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    const message = `the result of ${stage.id} could not be recorded: ${(error as Error).message}`;
    const diagnostic = { code: 'cache-write', severity: 'warning', message } as const;
    context.emit({ type: 'warning', at: Date.now(), stage: stage.id, diagnostic });
    return record;
  }
}

/** The user's file that is no longer what was read when the run began. */
function changedInput({ world }: RunContext, stage: Stage): string | undefined {
  for (const binding of Object.values(stage.in)) {
    for (const source of sourcesOf(binding)) {
      if (source.kind !== 'file') continue;
      const pinned = world.pin(source.path);
      const changed = pinned.ok ? changedSince(pinned.value.guards) : source.path;
      if (changed !== undefined) return changed;
    }
  }
  return undefined;
}

function warnChanged(context: RunContext, stage: Stage, file: string): void {
  const message = `${file} changed while ${stage.id} ran, so its result was not stored`;
  const diagnostic = { code: 'input-changed', severity: 'warning', message, hint: 'run again' } as const;
  context.emit({ type: 'warning', at: Date.now(), stage: stage.id, diagnostic });
}

function inputMutated(opened: Attempt, path: string): StageFailure {
  const shown = path.startsWith(opened.folder) ? path.slice(opened.folder.length + 1) : path;
  return {
    code: 'input-mutated',
    message: `the stage wrote to its input ${shown}`,
    hint: 'copy an input before changing it; the spoiled bytes were taken out of the cache',
  };
}
