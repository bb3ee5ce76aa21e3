/** @file What a run tells the cache of itself, so that `cache gc` keeps what it needs and what it made. */
import type { Key, StageId } from '../../base/ids.ts';
import { type Lease, openLease } from '../../cache/leases.ts';
import { leaveRoot, type RunOf } from '../../cache/roots.ts';
import type { Graph } from '../pipeline/graph.ts';
import type { Planned } from '../plan/plan.ts';
import { type Project, prepareHome } from '../project.ts';
import type { RunOptions } from './context.ts';
import type { RunResult } from './result.ts';

export interface Keeping {
  readonly lease: Lease;
  /** After the last stage: the run's results outlive its lease. Answers where that is written. */
  end(result: RunResult): string | undefined;
}

/** Has to be there before the first look into the cache. */
export function keepFor(graph: Graph, project: Project, options: RunOptions): Keeping {
  prepareHome(project);
  // A run of all stages stays one, whatever stages the file gets or loses.
  const targets = options.targets?.length === graph.stages.length ? [] : (options.targets ?? []);
  const of: RunOf = { project: project.root, pipeline: graph.name, file: graph.file, targets };
  return {
    lease: openLease(project.cache, of),
    end: ({ outcome, stages }) => {
      const keys = new Map<Key, StageId>();
      for (const { id, action, key } of stages) {
        const has = action === 'ran' || action === 'fresh' || action === 'restored';
        if (key !== null && has) keys.set(key, id);
      }
      return leaveRoot(project.cache, of, outcome === 'done', keys);
    },
  };
}

export function announcePlan(lease: Lease, { decisions }: Planned): void {
  const keys: [Key, StageId][] = [];
  for (const [id, decision] of decisions) {
    if (decision.state === 'hit' || decision.state === 'run') keys.push([decision.key, id]);
  }
  lease.announce(keys);
  lease.planned();
}
