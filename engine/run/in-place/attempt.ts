/** @file One stage that runs in place: its way cleared, its command run on the project's files, its outputs taken in. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ActionRecord } from '../../../cache/actions.ts';
import type { Stage, Workspace } from '../../pipeline/graph.ts';
import { attemptsFolder } from '../../plan/past.ts';
import type { Outputs } from '../../plan/resolve.ts';
import type { Ended, ToRun } from '../attempt.ts';
import { type Attempt, clearAttempt, closeAttempt, openAttempt } from '../attempt-folder.ts';
import type { RunContext } from '../context.ts';
import { warnChanged } from '../input-checks.ts';
import type { Placed } from '../placement.ts';
import { jobName, runProcess } from '../process.ts';
import { publish, recordOf } from '../record.ts';
import { bringBack, forget, putAside } from './aside.ts';
import { collectInPlace } from './collect.ts';
import { lookAt, writtenSince } from './inputs.ts';
import { keepOwn } from './kept.ts';
import { launchInPlace } from './launch.ts';
import { restoreOuts } from './restore.ts';

/** The caller holds the lock of the key and that of the workspace. */
export async function attemptInPlace(
  context: RunContext,
  stage: Stage,
  workspace: Workspace,
  toRun: ToRun,
  station: Placed,
): Promise<Ended> {
  const { world, emit } = context;
  const { project } = world;
  const { key, because } = toRun;
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1000;
  const before = lookAt(stage, toRun.inputs, context.index, world);
  if (before.displaced !== undefined) {
    const detail = 'its output was changed or taken away while the run went on';
    return { kind: 'lost', producer: before.displaced, because: { kind: 'lost', detail } };
  }
  const opened = openAttempt(project, key, false);
  const fingerprint = join(attemptsFolder(project, key), 'fingerprint.json');
  writeFileSync(fingerprint, JSON.stringify(toRun.fingerprint));
  emit({ type: 'stage-started', at: Date.now(), stage: stage.id, key, attempt: opened.number, because });
  const aside = putAside(project, stage, workspace, key);
  const undone = (end: Ended): Ended => {
    bringBack(project, aside);
    clearAttempt(opened.folder);
    return end;
  };
  const launch = launchInPlace(stage, aside.mark, context.index.graph.folder, project);
  const { number, folder, log } = opened;
  const said = await runProcess(
    context,
    stage,
    { name: jobName(key, number, station), folder, launch, log },
    station,
  );
  if (said.interrupted) return undone({ kind: 'cancelled', seconds: seconds() });
  if (said.failed !== undefined) return undone({ kind: 'failed', ...said.failed, seconds: seconds() });
  const changed = before.changed ?? writtenSince(before.guards);
  const collected = await collectInPlace(stage, workspace, outFolder(opened), world);
  if (!collected.ok)
    return undone({ kind: 'failed', failure: collected.error, cause: 'invalid', seconds: seconds() });
  let standing: ActionRecord | undefined;
  if (changed !== undefined) warnChanged(context, stage, changed);
  else if (stage.cache) {
    const record = recordOf(context, stage, toRun, collected.value, said, seconds());
    // Another engine, in another copy of the project, may have been first: then its result is the one.
    standing = await publish(context, stage, record, toRun.anyway);
  }
  for (const { name, to } of aside.moves) {
    const artifact = collected.value[name];
    if (to !== undefined && artifact !== undefined) keepOwn(context, stage, name, to, artifact);
  }
  forget(project, aside);
  closeAttempt(project, opened);
  let outputs = standing?.outputs ?? collected.value;
  const placed = same(outputs, collected.value) || restoreOuts(context, stage, workspace, outputs).ok;
  if (!placed) outputs = collected.value;
  return { kind: 'ran', outputs, stored: standing !== undefined, seconds: seconds() };
}

function same(a: Outputs, b: Outputs): boolean {
  return Object.entries(a).every(([name, { digest }]) => b[name]?.digest === digest);
}

function outFolder({ folder }: Attempt): string {
  return join(folder, 'out');
}
