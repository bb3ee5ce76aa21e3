/** @file Stages on several nodes: one job, whose command runs once on each of them. */
import type { Resources } from '../../pipeline/graph.ts';
import type { LayOptions } from '../records/lay.ts';
import { lateVariables, ON_EACH_SLURM_NODE } from '../rendezvous.ts';

/** What `srun` is given, and how each node's process knows the others. */
export function launcherOf({ nodes, cpus }: Resources): LayOptions {
  return {
    launcher: [
      'srun',
      `--nodes=${nodes}`,
      '--ntasks-per-node=1',
      // Newer versions do not take it over from the job.
      ...(cpus > 0 ? [`--cpus-per-task=${Math.ceil(cpus)}`] : []),
      '--kill-on-bad-exit=1',
      '--export=ALL',
      ...ON_EACH_SLURM_NODE,
    ],
    granted: lateVariables({ nodes }),
  };
}
