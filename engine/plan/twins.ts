/** @file Stages of one plan with the same work: the first to run makes the result for all. */
import type { StageId } from '../../base/ids.ts';
import { ownDigest } from '../../cache/actions.ts';
import type { Stage } from '../pipeline/graph.ts';
import type { Decision } from './decide.ts';
import { asJson } from './fingerprint.ts';

/**
 * Stages that would run, were it not that another one of the plan may make their result before: one with the same key,
 * or, while inputs are not known, one that is equal in everything but its inputs. By stage, the first such other one.
 */
export function findTwins(
  stages: readonly Stage[],
  decisions: ReadonlyMap<StageId, Decision>,
): ReadonlyMap<StageId, StageId> {
  const twins = new Map<StageId, StageId>();
  const keys = new Map<string, StageId>();
  const owns = new Map<string, StageId>();
  for (const { id } of stages) {
    const decision = decisions.get(id);
    if (decision?.state !== 'run') continue;
    const first = keys.get(decision.key);
    if (first === undefined) keys.set(decision.key, id);
    else if (!decision.anyway) twins.set(id, first);
    owns.set(ownDigest(asJson(decision.fingerprint)), id);
  }
  for (const { id } of stages) {
    const decision = decisions.get(id);
    if (decision?.state !== 'waiting' || decision.own === undefined) continue;
    const first = owns.get(decision.own);
    if (first === undefined) owns.set(decision.own, id);
    else twins.set(id, first);
  }
  return twins;
}
