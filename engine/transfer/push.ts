/** @file Sends the results that a pipeline has here to a remote: what that lacks, and nothing else. */
import type { StageId } from '../../base/ids.ts';
import { ok } from '../../base/result.ts';
import { type ActionRecord, readAction } from '../../cache/actions.ts';
import type { Artifact } from '../../cache/artifact.ts';
import type { Remote, Remotely } from '../../cache/remotes/remote.ts';
import { prepare, ship } from '../../cache/remotes/send.ts';
import { isSameOut } from '../lock/outdated.ts';
import type { GraphIndex } from '../plan/index.ts';
import { type PlanOptions, planIn } from '../plan/plan.ts';
import type { World } from '../plan/world.ts';
import type { Watch } from './watch.ts';

export interface PushOptions extends PlanOptions {
  /** Replace records that the remote has. */
  readonly replace: boolean;
  readonly dryRun: boolean;
}

export interface Pushed {
  readonly records: number;
  readonly objects: number;
  readonly bytes: number;
  /** Stages for which the remote has other bytes under the same key, and keeps them. */
  readonly kept: readonly StageId[];
  /** Stages that have no whole result here. */
  readonly missing: readonly StageId[];
}

export async function push(
  index: GraphIndex,
  world: World,
  remote: Remote,
  options: PushOptions,
  watch: Watch,
): Remotely<Pushed> {
  const { cache } = world.project;
  const { stages, decisions } = planIn(index, world, options);
  const records = new Map<ActionRecord, StageId>();
  const missing: StageId[] = [];
  /** What the lock file names in place of the record: its bytes go, and the record stays out of it. */
  const others: Artifact[] = [];
  for (const stage of stages.filter((each) => each.cache)) {
    const decision = decisions.get(stage.id);
    const own = decision?.state === 'hit' ? readAction(cache, decision.key) : undefined;
    if (decision?.state !== 'hit') missing.push(stage.id);
    else if (own !== undefined && isSameOut(own.outputs, decision.record.outputs)) records.set(own, stage.id);
    else others.push(...Object.values(decision.record.outputs));
  }
  const sending = { cache, remote, force: options.replace };
  const prepared = await prepare(sending, [...records.keys()], others);
  if (!prepared.ok) return prepared;
  const { objects, kept, partial } = prepared.value;
  const idsOf = (some: readonly ActionRecord[]): StageId[] =>
    some.map((record) => records.get(record) as StageId);
  const bytes = objects.reduce((sum, { size }) => sum + size, 0);
  const pushed: Pushed = {
    records: prepared.value.records.length,
    objects: objects.length,
    bytes,
    kept: idsOf(kept),
    missing: [...missing, ...idsOf(partial)],
  };
  if (options.dryRun) return ok(pushed);
  let sent = 0;
  const shipped = await ship(sending, prepared.value, (settled, more) => {
    sent += more;
    watch({ objects: settled, of: objects.length, bytes: sent });
  });
  return shipped.ok ? ok(pushed) : shipped;
}
