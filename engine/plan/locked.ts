/** @file Where the lock file names other bytes for a key than the record here, and they can be had, the lock file wins. */
import { arch, platform } from 'node:os';
import { type ActionRecord, readAction } from '../../cache/actions.ts';
import type { Artifact } from '../../cache/artifact.ts';
import { LOCK_RUN } from '../lock/format.ts';
import { isSameOut } from '../lock/outdated.ts';
import type { Stage } from '../pipeline/graph.ts';
import type { Keyed } from './decide.ts';
import { asJson } from './fingerprint.ts';
import { isFolder } from './suffix.ts';
import type { World } from './world.ts';

/** The result that the lock file names, unless it is the record's own, does not fit, or is nowhere to be had. */
export function lockedRecord(
  stage: Stage,
  { key, fingerprint }: Keyed,
  record: ActionRecord | undefined,
  world: World,
): ActionRecord | undefined {
  const entry = world.lock.get(stage.id);
  if (entry?.key !== key || !fits(stage, entry.out)) return undefined;
  if (record !== undefined && isSameOut(entry.out, record.outputs)) return undefined;
  if (!Object.values(entry.out).every((artifact) => world.isWithinReach(artifact))) return undefined;
  if (record !== undefined) return { ...record, run: LOCK_RUN, outputs: entry.out, notes: [], reports: [] };
  return {
    schema: 'warren/action/1',
    key,
    fingerprint: asJson(fingerprint),
    outputs: entry.out,
    kind: stage.kind,
    run: LOCK_RUN,
    seconds: 0,
    machine: { platform: platform(), arch: arch(), cpu: 'unknown' },
    notes: [],
    reports: [],
  };
}

/** Whether the lock file names a result of the stage, under some key, that no record here names. */
export function mayBeLocked(stage: Stage, world: World): boolean {
  const entry = world.lock.get(stage.id);
  if (entry === undefined || readAction(world.project.cache, entry.key) !== undefined) return false;
  return Object.values(entry.out).every((artifact) => world.isWithinReach(artifact));
}

/** Every declared output and no other, each in the form that its type has. */
function fits(stage: Stage, out: { readonly [name: string]: Artifact }): boolean {
  const names = Object.keys(stage.out);
  if (names.length !== Object.keys(out).length) return false;
  return Object.entries(stage.out).every(([name, output]) => {
    const form = out[name]?.form;
    // What stands at a path of the project is known only by looking.
    const whatever = stage.workspace !== undefined;
    return form !== undefined && (whatever || isFolder(output) === (form === 'tree'));
  });
}
