/** @file One try at a stage: inputs handed over, the process run, its outputs where they were promised. Stores nothing. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StageId } from '../../base/ids.ts';
import { objectState } from '../../cache/objects.ts';
import { spoiledInput } from '../../cache/spoiled.ts';
import type { Because } from '../event.ts';
import type { Stage } from '../pipeline/graph.ts';
import type { Keyed } from '../plan/decide.ts';
import { lostBecause, spoiledBecause } from '../plan/lost.ts';
import { attemptsFolder } from '../plan/past.ts';
import type { Outputs } from '../plan/resolve.ts';
import type { Attempt } from './attempt-folder.ts';
import type { RunContext } from './context.ts';
import type { Failed } from './failure.ts';
import { inputMutated, SUSPECT } from './input-checks.ts';
import { journalOf } from './intents.ts';
import { here, launchOf } from './launch.ts';
import type { Placed } from './placement.ts';
import { type Adopted, jobName, runProcess, type Said } from './process.ts';
import { stageInputs, stageOutputs } from './staging.ts';
import { traced } from './traced.ts';

/** What a try needs of the run that it belongs to: `verify` has no more than this. */
export type Surroundings = Pick<RunContext, 'index' | 'world' | 'options' | 'emit'> &
  Partial<Pick<RunContext, 'run'>>;

export type Performed =
  | { readonly kind: 'ended'; readonly made: Made; readonly said: Said }
  | ({ readonly kind: 'failed' } & Failed & { readonly queued?: number | undefined })
  /** `left`: it may go on; its folder stays as it is. */
  | { readonly kind: 'cancelled'; readonly left?: boolean | undefined }
  /** An input was spoiled while it ran, and is whole by now. */
  | { readonly kind: 'again' }
  /** An input's bytes are gone: its producer has to run first. */
  | { readonly kind: 'lost'; readonly producer: StageId; readonly because: Because };

type Made =
  /** Paths by name; not looked at yet. */
  | { readonly at: 'here'; readonly outputs: { readonly [name: string]: string } }
  /** Made where files are not shared, looked at there, and in our cache by now. */
  | { readonly at: 'away'; readonly artifacts: Outputs };

export async function perform(
  context: Surroundings,
  stage: Stage,
  keyed: Keyed,
  opened: Attempt,
  because: readonly Because[],
  tries: number,
  placed: Placed,
  adopted?: Adopted,
): Promise<Performed> {
  if (!placed.executor.capabilities.sharedFs) {
    const { performAway } = await import('./away/perform.ts');
    return performAway(context, stage, keyed, opened, because, tries, placed, adopted);
  }
  const { key, inputs: resolved, fingerprint } = keyed;
  const { cache } = context.world.project;
  const suspect = join(attemptsFolder(context.world.project, key), SUSPECT);
  const apart = opened.number > 1 && existsSync(suspect);
  const before = adopted !== undefined;
  const inputs = stageInputs(stage, resolved, cache, opened, { apart, before });
  if (!inputs.ok) {
    const { producer, output, digest } = inputs.error;
    return { kind: 'lost', producer, because: lostBecause(context.index, producer, output, digest) };
  }
  const outputs = stageOutputs(stage, opened, before);
  // Until there is a record, and for ever if there will be none: `why` compares with what was tried, too.
  writeFileSync(
    join(attemptsFolder(context.world.project, key), 'fingerprint.json'),
    JSON.stringify(fingerprint),
  );
  const { number: attempt } = opened;
  context.emit({ type: 'stage-started', at: Date.now(), stage: stage.id, key, attempt, because });
  const { checkpointSeconds } = context.options;
  const staged = { attempt: opened, tries, inputs: inputs.value.staged, outputs, checkpointSeconds };
  const where = here(stage.folder ?? context.index.graph.folder, opened, context.world, placed.settings);
  // What it was told stays as it is while it may read it.
  const launch = launchOf(stage, staged, context.world, before ? { ...where, write: () => {} } : where);
  const { folder, log } = opened;
  const task = { name: jobName(key, attempt, placed), folder, launch, log };
  const journal = journalOf(context, stage, opened, placed, { ...task, outputs, tries });
  const said = await runProcess(context, stage, { ...task, journal }, placed, adopted);
  const spoiled = spoiledInput(inputs.value.handed);
  if (said.interrupted) return { kind: 'cancelled', left: said.left };
  if (spoiled !== undefined && !spoiled.sure) {
    // Whoever it was: with bytes of its own, a stage that does it again shows itself, and any other has its result.
    writeFileSync(suspect, '');
    const { producer, digest, form } = spoiled.handed;
    if (objectState(spoiled.handed.cache, digest, form) === 'good') return { kind: 'again' };
    return { kind: 'lost', producer, because: spoiledBecause(digest) };
  }
  if (said.failed !== undefined) {
    const failure = traced(said.failed.failure, stage, inputs.value);
    return { kind: 'failed', ...said.failed, failure, queued: said.queued };
  }
  if (spoiled !== undefined) {
    return { kind: 'failed', failure: inputMutated(opened, spoiled.handed.path), cause: 'invalid' };
  }
  return { kind: 'ended', made: { at: 'here', outputs }, said };
}
