/** @file Results of stages that run in place: whether the project's files still are what was recorded. */
import { existsSync, realpathSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { dirname, join, relative } from 'node:path';
import type { RunId } from '../../base/ids.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { ActionRecord } from '../../cache/actions.ts';
import type { Artifact } from '../../cache/artifact.ts';
import { pinInput } from '../../cache/inputs.ts';
import { firstLost } from '../../cache/tree.ts';
import type { Because, StageFailure } from '../event.ts';
import type { Stage, Workspace } from '../pipeline/graph.ts';
import type { Project } from '../project.ts';
import type { Decision } from './decide.ts';
import { asJson, fingerprintOf, keyOf } from './fingerprint.ts';
import type { Outputs } from './resolve.ts';
import type { World } from './world.ts';

/** `placed`: every output is as recorded. `away`: some are not, but can be put back. `gone`: one cannot. */
type Standing = { readonly state: 'placed' | 'away' } | { readonly state: 'gone'; readonly because: Because };

function standingOf(workspace: Workspace, outputs: Outputs, world: World): Standing {
  let away = false;
  for (const [name, out] of Object.entries(workspace.outs)) {
    const artifact = outputs[name];
    if (artifact === undefined) return { state: 'gone', because: { kind: 'lost', detail: `${name} is new` } };
    if (isInPlace(out.path, artifact, world)) continue;
    const reason = workspace.restorable
      ? lostReason(artifact, world)
      : 'is not as it was left, and is not kept';
    if (reason !== undefined) {
      return { state: 'gone', because: { kind: 'lost', detail: `${name} ${reason}` } };
    }
    away = true;
  }
  return { state: away ? 'away' : 'placed' };
}

export function isInPlace(path: string, artifact: Artifact, world: World): boolean {
  const pinned = pinInput(path, world.memo, 'whole');
  return pinned.ok && pinned.value.artifact.digest === artifact.digest;
}

function lostReason(artifact: Artifact, world: World): string | undefined {
  const digest = firstLost(world.project.cache, artifact);
  return digest === undefined
    ? undefined
    : `is not in place and not whole in the cache: object ${digest.slice(0, 19)}`;
}

/** A record that is not to be used: the stage's files are gone, or its effect was of another time. */
export function staleRecord(
  stage: Stage,
  workspace: Workspace,
  record: ActionRecord,
  pipeline: string,
  world: World,
): Because | 'unplaced' | 'earlier' | undefined {
  if (Object.keys(workspace.outs).length === 0) {
    return world.past.latest(pipeline, stage.id)?.key === record.key ? undefined : 'earlier';
  }
  const standing = standingOf(workspace, record.outputs, world);
  if (standing.state === 'gone') return standing.because;
  return standing.state === 'away' ? 'unplaced' : undefined;
}

/** A frozen stage has for its result what stands at its outputs. */
export function decideFrozen(stage: Stage, workspace: Workspace, world: World): Decision {
  const outputs = frozenOutputs(stage, workspace, world);
  if (!outputs.ok) return { state: 'failed', failure: outputs.error };
  const fingerprint = fingerprintOf(stage, {}, null, null, world.machine);
  const key = keyOf({ ...fingerprint, with: { outputs: { ...outputs.value } as never } });
  const record: ActionRecord = {
    schema: 'warren/action/1',
    key,
    fingerprint: asJson(fingerprint),
    outputs: outputs.value,
    kind: stage.kind,
    run: '' as RunId,
    seconds: 0,
    machine: { platform: platform(), arch: arch(), cpu: '' },
    notes: [],
    reports: [],
  };
  return { state: 'hit', key, fingerprint, inputs: {}, record, unplaced: false };
}

function frozenOutputs(
  stage: Stage,
  workspace: Workspace,
  world: World,
): Result<{ [name: string]: Artifact }, StageFailure> {
  const outputs: { [name: string]: Artifact } = {};
  for (const [name, { path }] of Object.entries(workspace.outs)) {
    const pinned = pinInput(path, world.memo, 'whole');
    if (!pinned.ok) {
      return err({
        code: 'frozen-output-missing',
        message: `${stage.id} is frozen, and its output ${name} is not there.`,
        hint: 'delete frozen: true to have it made, or bring the file back',
      });
    }
    outputs[name] = pinned.value.artifact;
  }
  return ok(outputs);
}

/** Outputs are written, moved and removed: a link on the way must not take that out of the project. */
export function leadsOut(stage: Stage, { outs }: Workspace, { root }: Project): StageFailure | undefined {
  for (const [name, { path }] of Object.entries(outs)) {
    const real = realFolder(dirname(path));
    if (!relative(realpathSync(root), real).startsWith('..')) continue;
    return {
      code: 'path-escapes',
      message: `The output ${name} of ${stage.id} leads out of the project through a link, to ${real}.`,
      hint: 'write inside the project, or start the project where the link leads',
    };
  }
  return undefined;
}

/** Where a folder is, or will be when what is missing of it is made. */
function realFolder(folder: string): string {
  let at = folder;
  while (!existsSync(at)) at = dirname(at);
  return join(realpathSync(at), relative(at, folder));
}
