/** @file One stage, from its key to its result: claim, stage, run, check, store, publish. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StageId } from '../../base/ids.ts';
import { type ActionRecord, readAction } from '../../cache/actions.ts';
import { mutatedInput } from '../../cache/placement.ts';
import type { Because, StageFailure } from '../event.ts';
import type { Stage } from '../pipeline/graph.ts';
import type { Decision } from '../plan/decide.ts';
import { lostBecause } from '../plan/lost.ts';
import { attemptsFolder } from '../plan/past.ts';
import type { Outputs } from '../plan/resolve.ts';
import { clearAttempt, closeAttempt, openAttempt } from './attempt-folder.ts';
import { claim } from './claim.ts';
import { collectOutputs } from './collect.ts';
import type { RunContext } from './context.ts';
import { changedInput, inputMutated, warnChanged } from './input-checks.ts';
import { launchOf } from './launch.ts';
import { runProcess } from './process.ts';
import { publish, recordOf } from './record.ts';
import { stageInputs, stageOutputs } from './staging.ts';

export type ToRun = Extract<Decision, { state: 'run' }>;

export type Ended =
  | { readonly kind: 'ran'; readonly outputs: Outputs; readonly seconds: number }
  /** Another engine made it while we waited. */
  | { readonly kind: 'found'; readonly record: ActionRecord }
  | { readonly kind: 'failed'; readonly failure: StageFailure; readonly seconds: number }
  | { readonly kind: 'cancelled'; readonly seconds: number }
  /** An input's bytes are gone: its producer has to run first. */
  | { readonly kind: 'lost'; readonly producer: StageId; readonly because: Because };

/** Runs a stage that has no result, or has one that is not to be used. */
export async function attemptStage(context: RunContext, stage: Stage, toRun: ToRun): Promise<Ended> {
  const { key, anyway } = toRun;
  const release = await claim(context, stage.id, key);
  if (release === undefined) return { kind: 'cancelled', seconds: 0 };
  try {
    const record = anyway ? undefined : readAction(context.world.project.cache, key);
    return record === undefined ? await attempt(context, stage, toRun) : { kind: 'found', record };
  } finally {
    release();
  }
}

async function attempt(context: RunContext, stage: Stage, toRun: ToRun): Promise<Ended> {
  const { project } = context.world;
  const { key, because, fingerprint } = toRun;
  const began = performance.now();
  const opened = openAttempt(project, key, !because.some(({ kind }) => kind === 'forced'));
  const seconds = (): number => (performance.now() - began) / 1000;
  const without = (end: Ended): Ended => {
    clearAttempt(opened.folder);
    return end;
  };
  const failed = (failure: StageFailure): Ended => {
    // There will be no record: `why` compares with what was tried, too.
    writeFileSync(join(attemptsFolder(project, key), 'fingerprint.json'), JSON.stringify(fingerprint));
    return without({ kind: 'failed', failure, seconds: seconds() });
  };

  const inputs = stageInputs(stage, toRun.inputs, project.cache, opened);
  if (!inputs.ok) {
    const { producer, digest } = inputs.error;
    return without({ kind: 'lost', producer, because: lostBecause('a result', digest) });
  }
  const outputs = stageOutputs(stage, opened);
  const { number: attempt } = opened;
  context.emit({ type: 'stage-started', at: Date.now(), stage: stage.id, key, attempt, because });
  const staged = { attempt: opened, inputs: inputs.value.staged, outputs };
  const launch = launchOf(stage, staged, context.index.graph.folder, context.world);
  const said = await runProcess(context, stage, launch, opened.log);
  const mutated = mutatedInput(project.cache, inputs.value.handed);
  if (said.interrupted) return without({ kind: 'cancelled', seconds: seconds() });
  if (said.failure !== undefined) return failed(said.failure);
  if (mutated !== undefined) return failed(inputMutated(opened, mutated.path));
  const changed = changedInput(context, stage);
  const collected = await collectOutputs(stage, outputs, project.cache);
  if (!collected.ok) return failed(collected.error);
  let result: Outputs = collected.value;
  if (changed !== undefined) warnChanged(context, stage, changed);
  else if (stage.cache) {
    const record = recordOf(context, toRun, result, said, seconds());
    // Another engine may have been first: then its result is the one.
    result = (await publish(context, stage, record, toRun.anyway)).outputs;
  }
  closeAttempt(project, opened);
  return { kind: 'ran', outputs: result, seconds: seconds() };
}
