/** @file The Slurm executor: `sbatch` for many at once, one `squeue` for all, and the records of jobs as the truth. */
import type { Executor, Handle, State } from '../contract.ts';
import { type JobFiles, sharedFiles } from '../records/files.ts';
import { following } from '../records/following.ts';
import { asksWhy } from '../records/state.ts';
import { watching } from '../records/watching.ts';
import type { SlurmSettings } from '../settings.ts';
import { localShell, type Shell } from '../shell.ts';
import { asking, PACE, type Pace } from './asking.ts';
import { cancelJobs } from './cancel.ts';
import { checker } from './check.ts';
import { slurmClient } from './client.ts';
import { finder } from './find.ts';
import { nodesOf } from './nodes.ts';
import { submitter } from './submit.ts';

export interface SlurmOptions {
  /** Where Slurm's commands are; default: here. */
  readonly shell?: Shell | undefined;
  /** How the files of jobs are reached; default: they are shared. */
  readonly files?: JobFiles | undefined;
  readonly pace?: Pace | undefined;
  /** Milliseconds after which a job is lost that Slurm does not know and that left no record. */
  readonly lostAfter?: number | undefined;
  /** Seconds that a job has to end after it was told to. */
  readonly grace?: number | undefined;
}

const LOST_AFTER = 60_000;

export function slurmExecutor(settings: SlurmSettings, options: SlurmOptions = {}): Executor {
  const { shell = localShell, files = sharedFiles, pace = PACE, lostAfter = LOST_AFTER, grace } = options;
  const client = slurmClient(shell);
  const find = finder(client, files);
  const nodes = nodesOf(settings, client);
  const submit = submitter(settings, client, files, find, nodes, grace).submit;
  const shown = ['slurm', settings.partition].filter((each) => each !== undefined).join(' ');
  let changed: (name: string) => void = () => {};
  const followed = following(lostAfter);
  const asked = asking(client, `${process.pid} ${shown}`, pace);
  const shared = files === sharedFiles;
  const watch = watching(
    (name) => changed(name),
    () => void askAll(),
  );

  async function askAll(): Promise<void> {
    for (const name of await asked.ask(watch.handles())) changed(name);
    for (const name of followed.due()) changed(name);
  }

  async function poll(handles: readonly Handle[]): Promise<ReadonlyMap<string, State>> {
    const looks = await files.look(handles.map(({ folder }) => folder));
    if (!looks.ok) {
      const why = looks.error.message;
      return new Map(handles.map(({ name }) => [name, { kind: 'unknown', why }]));
    }
    const states = new Map<string, State>();
    handles.forEach((handle, at) => {
      const records = looks.value[at];
      if (records === undefined) return;
      const { name } = handle;
      const word = asked.word(name);
      // Slurm knows why somebody ended it; it is asked at once.
      if (records.exit !== undefined && asksWhy(records.exit) && word.kind !== 'over') asked.quicken('now');
      const state = followed.state(name, records, word);
      states.set(name, state);
      if (state.kind === 'ended' || state.kind === 'lost') watch.forget(name);
      else watch.watch(handle);
    });
    if (!shared || states.size > 0) void askAll();
    return states;
  }

  return {
    shown,
    capabilities: { sharedFs: shared, survivesEngine: true, gang: true, arrays: true, queues: true },
    check: checker(settings, client, nodes),
    submit: async (submissions) => {
      const results = await submit(submissions);
      asked.quicken();
      return results;
    },
    find,
    poll,
    logs: (handle, from) => files.chunks(handle.folder, from),
    cancel: async (handles, ms) => {
      asked.quicken();
      await cancelJobs(client, files, handles, ms);
      asked.quicken('now');
    },
    onChange: (listen) => {
      changed = listen;
    },
    close: () => watch.close(),
  };
}
