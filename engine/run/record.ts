/** @file The record of a result, and its way into the cache. */
import { type ActionRecord, publishAction } from '../../cache/actions.ts';
import { errnoOf } from '../../cache/publish.ts';
import type { Stage } from '../pipeline/graph.ts';
import type { Keyed } from '../plan/decide.ts';
import { asJson } from '../plan/fingerprint.ts';
import type { Outputs } from '../plan/resolve.ts';
import type { RunContext } from './context.ts';
import type { Said } from './process.ts';

/** The record of a result that this run made. */
export function recordOf(
  { run, world }: RunContext,
  stage: Stage,
  keyed: Keyed,
  outputs: Outputs,
  said: Said,
  seconds: number,
): ActionRecord {
  const { key, fingerprint } = keyed;
  const temporary = Object.keys(stage.out).filter(
    (name) => stage.out[name]?.temp === true || stage.workspace?.outs[name]?.kept === false,
  );
  const { platform, arch, cpu_model: cpu } = world.machine;
  return {
    schema: 'warren/action/1',
    key,
    fingerprint: asJson(fingerprint),
    outputs,
    ...(temporary.length === 0 ? {} : { temporary }),
    kind: fingerprint.kind,
    run,
    seconds,
    machine: { platform, arch, cpu },
    notes: said.notes,
    reports: said.reports,
  };
}

/** The record that now stands. A result that cannot be recorded is still one of this run; people hear that the next will not find it. */
export async function publish(
  context: RunContext,
  stage: Stage,
  record: ActionRecord,
  replace: boolean,
): Promise<ActionRecord | undefined> {
  try {
    return await publishAction(context.world.project.cache, record, replace);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    const message = `The result of ${stage.id} could not be recorded: ${(error as Error).message}.`;
    const diagnostic = { code: 'cache-write', severity: 'warning', message } as const;
    context.emit({ type: 'warning', at: Date.now(), stage: stage.id, diagnostic });
    return undefined;
  }
}
