/** @file Settings -> an executor. A total table; only the executors that a run goes to are loaded. */
import { ok, type Result } from '../../base/result.ts';
import type { Project } from '../project.ts';
import type { Executor, ExecutorFault } from './contract.ts';
import type { ExecutorSettings } from './settings.ts';

export interface Surroundings {
  readonly project: Project;
  /** The name of the profile, for people. */
  readonly profile: string;
  /** Told once of what does not keep a machine from working. */
  readonly warn?: ((fault: ExecutorFault) => void) | undefined;
}

type Opened = Promise<Result<Executor, ExecutorFault>>;

const OPEN: {
  readonly [E in ExecutorSettings['executor']]: (
    settings: Extract<ExecutorSettings, { readonly executor: E }>,
    surroundings: Surroundings,
  ) => Opened;
} = {
  local: async (settings) => ok((await import('./local.ts')).localExecutor(settings)),
  ssh: async (settings, { profile, project, warn }) => {
    const [{ sshExecutor }, { projectId }] = await Promise.all([
      import('./ssh/ssh.ts'),
      import('./ssh/project-id.ts'),
    ]);
    return ok(sshExecutor(settings, profile, projectId(project), warn));
  },
  slurm: async (settings, { profile, project, warn }) => {
    const { via } = settings;
    if (via === undefined) return ok((await import('./slurm/slurm.ts')).slurmExecutor(settings));
    const [{ slurmVia }, { projectId }] = await Promise.all([
      import('./slurm/via.ts'),
      import('./ssh/project-id.ts'),
    ]);
    return ok(slurmVia(settings, via, profile, projectId(project), warn));
  },
  command: async (settings) => ok((await import('./command/command.ts')).commandExecutor(settings)),
  kubernetes: async (settings) =>
    ok((await import('./kubernetes/kubernetes.ts')).kubernetesExecutor(settings)),
  ray: async (settings) => ok((await import('./ray/ray.ts')).rayExecutor(settings)),
};

export function openExecutor(settings: ExecutorSettings, surroundings: Surroundings): Opened {
  const open = OPEN[settings.executor] as (settings: ExecutorSettings, surroundings: Surroundings) => Opened;
  return open(settings, surroundings);
}
