/** @file The plan where a remote may have what is not here: it is asked first, in waves, each as parallel as can be. */
import type { Key, StageId } from '../../base/ids.ts';
import { readAction } from '../../cache/actions.ts';
import type { Artifact } from '../../cache/artifact.ts';
import { isSameOut } from '../lock/outdated.ts';
import type { Graph, Stage } from '../pipeline/graph.ts';
import type { Project } from '../project.ts';
import { type Decision, decide } from './decide.ts';
import type { Elsewhere } from './elsewhere.ts';
import { type GraphIndex, indexGraph } from './index.ts';
import { type Plan, type Planned, type PlanOptions, planAhead, planIn, wouldRun } from './plan.ts';
import type { Outputs } from './resolve.ts';
import { openWorld, type World } from './world.ts';

/** What a run would do; nothing is run. A remote may be asked for records. */
export async function planRun(graph: Graph, project: Project, options: PlanOptions = {}): Promise<Plan> {
  const world = openWorld(project, options);
  const { plan } = await planAsking(indexGraph(graph), world, options);
  world.memo.flush();
  return plan;
}

/** Plans in a given world. Where everything is here, nobody else is asked. */
export async function planAsking(index: GraphIndex, world: World, options: PlanOptions): Promise<Planned> {
  let planned = await planAhead(index, world, options);
  const { elsewhere } = world;
  if (elsewhere === undefined) return planned;
  if (!wouldRun(planned.plan) && planned.wanted.length === 0 && !differsFromLock(planned, world)) {
    return planned;
  }
  await findRecords(planned, index, world, elsewhere);
  const asked = new Set<string>();
  for (;;) {
    planned = planIn(index, world, options);
    const fresh = planned.wanted.filter(({ digest, form }) => !asked.has(`${digest} ${form}`));
    if (fresh.length === 0) return planned;
    for (const { digest, form } of fresh) asked.add(`${digest} ${form}`);
    await elsewhere.ask(fresh);
  }
}

function differsFromLock({ decisions }: Planned, world: World): boolean {
  return [...decisions].some(([id, decision]) => {
    const entry = world.lock.get(id);
    return (
      decision.state === 'hit' &&
      entry?.key === decision.key &&
      !isSameOut(entry.out, decision.record.outputs)
    );
  });
}

/**
 * Goes down the graph as far as results lead. A wave is all stages whose upstream has its results; what it lacks is
 * asked for at once. The lock file's keys go first: with it, one wave is enough for most graphs.
 */
async function findRecords(
  { stages, anyway }: Planned,
  index: GraphIndex,
  world: World,
  elsewhere: Elsewhere,
): Promise<void> {
  const { cache } = world.project;
  const ids = new Set(stages.map(({ id }) => id));
  const named = [...world.lock].filter(
    ([id, { key }]) => ids.has(id) && readAction(cache, key) === undefined,
  );
  await elsewhere.lookUp(named.map(([, { key }]) => key));
  const outputs = new Map<StageId, Outputs>();
  const above = new Map(stages.map(({ id }) => [id, index.upstream.get(id)?.length ?? 0]));
  const byId = new Map(stages.map((stage) => [stage.id, stage]));
  const decideNow = (stage: Stage): Decision => {
    const reason = anyway(stage);
    // Bytes that are lost here may be there: only what is forced does not ask.
    const forced = reason?.kind === 'forced' ? reason : undefined;
    return decide(stage, index, world, (id) => outputs.get(id), { anyway: forced });
  };
  let front = stages.filter(({ id }) => above.get(id) === 0);
  while (front.length > 0) {
    let decisions = front.map(decideNow);
    await askFor(front, decisions, world, elsewhere);
    if (decisions.some(({ state }) => state === 'lost')) {
      // With the list of a folder its members have names, and the stage a key.
      decisions = front.map(decideNow);
      await askFor(front, decisions, world, elsewhere);
    }
    const next: Stage[] = [];
    for (const stage of front) {
      const decision = decideNow(stage);
      if (decision.state !== 'hit') continue;
      outputs.set(stage.id, decision.record.outputs);
      for (const id of index.downstream.get(stage.id) ?? []) {
        const left = (above.get(id) ?? 0) - 1;
        above.set(id, left);
        const below = byId.get(id);
        if (left === 0 && below !== undefined) next.push(below);
      }
    }
    front = next;
  }
}

async function askFor(
  front: readonly Stage[],
  decisions: readonly Decision[],
  world: World,
  elsewhere: Elsewhere,
): Promise<void> {
  const keys: Key[] = [];
  const artifacts: Artifact[] = [];
  const lists: Artifact[] = [];
  for (const [i, decision] of decisions.entries()) {
    const { id } = front[i] as Stage;
    if (decision.state === 'lost') lists.push(decision.unresolved.artifact);
    if (decision.state !== 'run' && decision.state !== 'hit') continue;
    if (decision.state === 'run' && !decision.anyway) keys.push(decision.key);
    const entry = world.lock.get(id);
    const record = decision.state === 'hit' ? decision.record : undefined;
    if (entry?.key !== decision.key || (record && isSameOut(entry.out, record.outputs))) continue;
    artifacts.push(...Object.values(entry.out));
  }
  await elsewhere.lookUp(keys);
  if (lists.length > 0) await elsewhere.list(lists);
  if (artifacts.length > 0) await elsewhere.ask(artifacts);
}
