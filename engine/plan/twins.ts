/** @file Stages of one plan with the same work: the first to run makes the result for all. */
import type { StageId } from '../../base/ids.ts';
import { ownDigest } from '../../cache/actions.ts';
import type { Stage } from '../pipeline/graph.ts';
import type { Decision } from './decide.ts';
import { asJson } from './fingerprint.ts';

/**
 * Stages that would run, were it not that another one of the plan may make their result before: one with the same key,
 * or, while inputs are not known, one that is equal in everything but its inputs.
 */
export function findTwins(
  stages: readonly Stage[],
  decisions: ReadonlyMap<StageId, Decision>,
): ReadonlySet<StageId> {
  const twins = new Set<StageId>();
  const keys = new Set<string>();
  const owns = new Set<string>();
  for (const { id } of stages) {
    const decision = decisions.get(id);
    if (decision?.state !== 'run') continue;
    if (!decision.anyway && keys.has(decision.key)) twins.add(id);
    keys.add(decision.key);
    owns.add(ownDigest(asJson(decision.fingerprint)));
  }
  for (const { id } of stages) {
    const decision = decisions.get(id);
    if (decision?.state !== 'waiting' || decision.own === undefined) continue;
    if (owns.has(decision.own)) twins.add(id);
    owns.add(decision.own);
  }
  return twins;
}
