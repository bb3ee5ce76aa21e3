/** @file What executors over a server of jobs have in common: job files on a shared volume, names as ids, ends that are seen. */
import { mkdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestBytes, hexOf } from '../../../base/digest.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import { errnoOf } from '../../../cache/publish.ts';
import type { Resources } from '../../pipeline/graph.ts';
import type { Executor, ExecutorFault, Handle, Submission, Verdict } from '../contract.ts';
import { layJob } from '../records/lay.ts';
import { readRecords } from '../records/records.ts';
import type { Word } from '../records/state.ts';
import { jobFolder } from '../records/wrapper.ts';
import { type ScheduledOptions, scheduled } from '../scheduled/scheduled.ts';

/** A server that knows jobs by names that we choose. */
export interface JobsApi {
  readonly shown: string;
  /** What jobs see under the same path; undefined: everything. */
  readonly volume?: string | undefined;
  /** Whether values of `pass_env` reach a job by a way on which they are not stored. */
  readonly secrets: boolean;
  check(resources: Resources): ExecutorFault | undefined;
  /** One that is there already counts as created. */
  create(job: string, submission: Submission): Promise<ExecutorFault | undefined>;
  /** Of these jobs, by their names; one that is missing there is `nobody`. */
  ask(jobs: readonly string[]): Promise<ReadonlyMap<string, Word>>;
  /** Asks it to end; may be repeated. */
  end(job: string, grace: number): Promise<void>;
}

export interface ApiOptions extends Omit<ScheduledOptions, 'files' | 'changes'> {
  readonly grace?: number | undefined;
}

const CONFIRM = 60_000;
const AGAIN = 10_000;
const NEVER_BEGAN: Word = { kind: 'over', said: 'it was cancelled before it began', cause: 'cancelled' };
const ENDED: Word = { kind: 'over', said: 'it was cancelled', cause: 'cancelled' };

type Wanted = Pick<Submission, 'name' | 'folder'>;

export function apiExecutor(api: JobsApi, options: ApiOptions = {}): Executor {
  const jobs = scheduled(words, api.shown, options);
  /** Names of those that we ended: what their server forgets with them. */
  const ended = new Map<string, Word>();

  async function words(handles: readonly Handle[]): Promise<ReadonlyMap<string, Word>> {
    const answered = await api.ask(handles.map(({ id }) => id));
    return new Map(
      handles.map(({ name, id }) => {
        const word = answered.get(id) ?? { kind: 'nobody' };
        const over = ended.get(name);
        return [name, over !== undefined && (over === NEVER_BEGAN || word.kind === 'nobody') ? over : word];
      }),
    );
  }

  async function submitOne(submission: Submission): Promise<Result<Handle, ExecutorFault>> {
    const refused = refusal(submission);
    if (refused !== undefined) return err(refused);
    const laid = layJob(submission, { grace: options.grace });
    if (!laid.ok) return laid;
    const fault = await api.create(jobNameOf(submission), submission);
    return fault === undefined ? ok(handleOf(submission)) : err(fault);
  }

  function refusal({ folder, launch, secrets }: Submission): ExecutorFault | undefined {
    const { volume } = api;
    const outside =
      volume === undefined ? undefined : [folder, launch.cwd].find((path) => !isBelow(volume, path));
    if (outside !== undefined) {
      const message = `Jobs see no files but those below ${volume}, and ${outside} is not there.`;
      return { code: 'outside-volume', message, hint: 'move the project to the volume', passing: false };
    }
    const held = secrets.filter((name) => Object.hasOwn(launch.env, name));
    if (api.secrets || held.length === 0) return undefined;
    const message = `${api.shown} would store the values of pass_env: ${held.join(', ')}.`;
    return { code: 'secrets-stored', message, hint: 'run the stage by another profile', passing: false };
  }

  async function find(
    wanted: readonly Wanted[],
  ): Promise<Result<ReadonlyMap<string, Handle>, ExecutorFault>> {
    const begun = wanted.filter(({ folder }) => readRecords(folder).start !== undefined);
    const found = new Map(begun.map((each) => [each.name, handleOf(each)]));
    const open = wanted.filter(({ name }) => !found.has(name));
    if (open.length === 0) return ok(found);
    const answered = await api.ask(open.map(jobNameOf));
    for (const each of open) {
      const word = answered.get(jobNameOf(each)) ?? { kind: 'nobody' };
      if (word.kind === 'silent') {
        return err({
          code: 'cannot-ask',
          message: `${api.shown} cannot be asked: ${word.why}.`,
          passing: true,
        });
      }
      if (word.kind !== 'nobody') found.set(each.name, handleOf(each));
    }
    return ok(found);
  }

  /** Until all of them have ended, by their records or their server. */
  async function cancel(handles: readonly Handle[], grace: number): Promise<void> {
    jobs.cancelling(handles);
    for (const { name, folder } of handles) if (claims(folder)) ended.set(name, NEVER_BEGAN);
    const deadline = performance.now() + grace + CONFIRM;
    let left = handles;
    while (left.length > 0 && performance.now() < deadline) {
      await Promise.all(left.map(({ id }) => api.end(id, grace)));
      const again = performance.now() + AGAIN;
      do {
        const answered = await words(left);
        left = left.filter(({ name, folder }) => {
          const word = answered.get(name);
          if (word?.kind === 'nobody') ended.set(name, ENDED);
          return readRecords(folder).exit === undefined && word?.kind !== 'over' && word?.kind !== 'nobody';
        });
        if (left.length > 0) await sleep(200);
      } while (left.length > 0 && performance.now() < Math.min(again, deadline));
    }
    jobs.cancelling(handles);
  }

  function verdict(resources: Resources): Verdict {
    const { nodes } = resources;
    const message = `It asks for ${nodes} nodes, and ${api.shown} starts a stage on one.`;
    const gang = { code: 'no-gang', message, hint: 'a profile of executor slurm has more', passing: false };
    const fault = nodes > 1 ? gang : api.check(resources);
    return fault === undefined ? { fits: 'now' } : { fits: 'never', fault };
  }

  return {
    shown: api.shown,
    capabilities: { sharedFs: true, survivesEngine: true, gang: false, arrays: false, queues: true },
    check: (resources) => Promise.resolve(verdict(resources)),
    submit: async (submissions) => {
      const results = [];
      for (const each of submissions) results.push(await submitOne(each));
      jobs.quicken();
      return results;
    },
    find,
    poll: jobs.poll,
    logs: jobs.logs,
    cancel,
    ...(jobs.onChange !== undefined && { onChange: jobs.onChange }),
    close: jobs.close,
  };
}

/** Takes the only start that there is: one that has not begun by now never will, whatever its server makes of it. */
function claims(folder: string): boolean {
  try {
    mkdirSync(join(jobFolder(folder), 'started'));
    return true;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

function isBelow(volume: string, path: string): boolean {
  const way = relative(volume, path);
  return way !== '..' && !way.startsWith(`..${sep}`);
}

function handleOf({ name, folder }: Wanted): Handle {
  return { name, id: jobNameOf({ name, folder }), folder, extra: {} };
}

/** With the folder in it: another project may have an attempt of the same key. */
function jobNameOf({ name, folder }: Wanted): string {
  return `${name}-${hexOf(digestBytes(folder)).slice(0, 8)}`;
}
