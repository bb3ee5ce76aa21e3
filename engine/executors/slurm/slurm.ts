/** @file The Slurm executor: `sbatch` for many at once, one `squeue` for all, and the records of jobs as the truth. */
import type { Executor } from '../contract.ts';
import { sharedFiles } from '../records/files.ts';
import { type ScheduledOptions, scheduled } from '../scheduled/scheduled.ts';
import type { SlurmSettings } from '../settings.ts';
import { localShell, type Shell } from '../shell.ts';
import { cancelJobs } from './cancel.ts';
import { checker } from './check.ts';
import { slurmClient } from './client.ts';
import { finder } from './find.ts';
import { nodesOf } from './nodes.ts';
import { slurmWords } from './question.ts';
import { submitter } from './submit.ts';

export interface SlurmOptions extends ScheduledOptions {
  /** Where Slurm's commands are; default: here. */
  readonly shell?: Shell | undefined;
  /** Seconds that a job has to end after its time is over or it was told to. */
  readonly grace?: number | undefined;
}

export function slurmExecutor(settings: SlurmSettings, options: SlurmOptions = {}): Executor {
  const { shell = localShell, files = sharedFiles, grace } = options;
  const client = slurmClient(shell);
  const find = finder(client, files);
  const nodes = nodesOf(settings, client);
  const { submit } = submitter(settings, client, files, find, nodes, grace);
  const shown = ['slurm', settings.partition].filter((each) => each !== undefined).join(' ');
  const jobs = scheduled((handles) => slurmWords(client, handles), shown, options);
  return {
    shown,
    capabilities: {
      sharedFs: files === sharedFiles,
      survivesEngine: true,
      gang: true,
      arrays: true,
      queues: true,
    },
    check: checker(settings, client, nodes),
    submit: async (submissions) => {
      const results = await submit(submissions);
      jobs.quicken();
      return results;
    },
    find,
    poll: jobs.poll,
    logs: jobs.logs,
    cancel: async (handles, ms) => {
      jobs.cancelling(handles);
      await cancelJobs(client, files, handles, ms);
      jobs.cancelling(handles);
    },
    ...(jobs.onChange !== undefined && { onChange: jobs.onChange }),
    close: jobs.close,
  };
}
