/** @file One attempt on its executor, from start to end: its output, its messages, its time limit, its interruption. */
import { randomBytes } from 'node:crypto';
import { relative } from 'node:path';
import { hexOf } from '../../base/digest.ts';
import type { Digest, Key } from '../../base/ids.ts';
import type { StageFailure } from '../event.ts';
import type { Handle, State, Submission } from '../executors/contract.ts';
import type { End, Followed } from '../executors/follow/track.ts';
import { GRACE } from '../executors/supervision.ts';
import type { Stage } from '../pipeline/graph.ts';
import type { RunContext } from './context.ts';
import { type Failed, failureOf } from './failure.ts';
import { listenTo } from './hearing.ts';
import { countOomKills } from './out-of-memory.ts';
import { type Placed, refusal } from './placement.ts';
import { announcePlaces } from './places.ts';
import { after } from './timer.ts';

export interface Said {
  readonly failed: Failed | undefined;
  readonly interrupted: boolean;
  /** It was to end, and may go on: nobody could be asked. Then its folder stays as it is. */
  readonly left: boolean;
  /** Seconds between its submission and its start. */
  readonly queued: number;
  /** Seconds that it ran, where its executor knows. */
  readonly ran: number | undefined;
  readonly notes: readonly string[];
  readonly reports: readonly string[];
}

/** An attempt as its executor is told of it. */
export interface Task extends Pick<Submission, 'name' | 'folder' | 'host' | 'launch'> {
  readonly log: string;
  /** Written down before it is submitted and after; undefined: it ends with this process. */
  readonly journal?: Journalled | undefined;
}

export interface Journalled {
  submitting(): Promise<void>;
  submitted(handle: Handle): void;
}

/** One that an earlier run submitted. */
export interface Adopted {
  readonly handle: Handle;
  /** When it was submitted: milliseconds since the epoch. */
  readonly at: number;
  /** Of the user's files as they were then. */
  readonly stamps: { readonly [path: string]: Digest };
}

/** What a process needs to know of its surroundings. */
type Surroundings = Pick<RunContext, 'index' | 'options' | 'world' | 'emit'>;

/**
 * The job's name wherever names are kept. Elsewhere names outlive attempts: one that came back after its folder was
 * removed would be taken for the job that had it before.
 */
export function jobName(key: Key, attempt: number, { executor, resumes }: Placed): string {
  if (resumes !== undefined) return resumes;
  const name = `w-${hexOf(key).slice(0, 20)}-${attempt}`;
  return executor.capabilities.survivesEngine ? `${name}-${randomBytes(2).toString('hex')}` : name;
}

export async function runProcess(
  context: Surroundings,
  stage: Stage,
  task: Task,
  placed: Placed,
  adopted?: Adopted,
): Promise<Said> {
  const { options, world } = context;
  const { executor } = placed;
  const heard = listenTo(context, stage, task.log);
  const places = announcePlaces(context, stage, task, placed, adopted);
  const killsBefore = countOomKills();
  // Whoever goes on without this process holds it to its time, too.
  const limit = executor.capabilities.survivesEngine ? 0 : stage.resources.time;
  let timedOut: number | undefined;
  let cancelTimer: (() => void) | undefined;
  const watch = {
    output: heard.output,
    events: heard.events,
    submitted: (handle: Handle): void => {
      task.journal?.submitted(handle);
      places.submitted(handle);
    },
    state: (state: State): void => {
      places.state(state);
      if (state.kind !== 'running' || limit === 0 || cancelTimer !== undefined) return;
      cancelTimer = after(limit * 1000, () => {
        timedOut = limit;
        followed.cancel(GRACE);
      });
    },
  };
  if (adopted === undefined) await task.journal?.submitting();
  const followed =
    adopted === undefined
      ? start(world, stage, task, placed, watch)
      : placed.tracker.adopt(adopted.handle, watch);
  const release = onAbort(options.stop, options.kill, followed);
  const end = await followed.done;
  release();
  cancelTimer?.();
  if (end.kind === 'exit' && end.cut) heard.note('the end of what it printed could not be fetched');
  heard.end();
  // Where the kernel does not count, a kill that nobody here sent is taken for one of its own.
  const killed = killsBefore === undefined || (countOomKills() ?? 0) > killsBefore;
  const failed = failedBy(end, {
    said: heard.failure(),
    timedOut,
    time: stage.resources.time,
    outOfMemory: { printed: heard.outOfMemory(), killed: killed && !executor.capabilities.survivesEngine },
    program: task.launch.argv[0],
    log: heard.logged() ? relative(world.project.root, task.log) : undefined,
  });
  return {
    failed: failed && { ...failed, failure: heard.redact.value(advised(failed, stage, placed)) },
    // A stage that ended well in spite of the signal has its result.
    interrupted: options.stop?.aborted === true && failed !== undefined,
    left: end.kind === 'left',
    queued: places.queued(),
    ran: end.kind === 'exit' ? end.seconds : undefined,
    notes: heard.notes,
    reports: heard.reports,
  };
}

/** What asks for no memory has what its place gives by default, and that may be very little. */
function advised({ failure, cause }: Failed, { resources }: Stage, { executor }: Placed): StageFailure {
  if (cause !== 'oom' || resources.memory > 0 || !executor.capabilities.queues) return failure;
  const hint = 'it asked for no memory: set resources.memory of the stage, or of the profile for all';
  return { ...failure, hint };
}

function start(
  world: Surroundings['world'],
  stage: Stage,
  task: Task,
  placed: Placed,
  watch: Parameters<Placed['tracker']['start']>[1],
): Followed {
  const { name, folder, host, launch } = task;
  const { id, kind, passEnv } = stage;
  // A kind that computes uses as many threads as its key says: a scheduler that is asked for nothing gives one core.
  const cpus = stage.resources.cpus || (world.backendOf(kind) === null ? 0 : world.threads);
  const resources = { ...stage.resources, cpus };
  const grant = placed.lease?.grant;
  const submission = { name, stage: id, kind, folder, host, launch, secrets: passEnv, resources, grant };
  return placed.tracker.start(submission, watch);
}

function failedBy(end: End, rest: Omit<Parameters<typeof failureOf>[0], 'exit'>): Failed | undefined {
  switch (end.kind) {
    case 'exit':
      return failureOf({ exit: end.exit, ...rest });
    case 'refused':
      return { failure: refusal(end.fault), cause: 'invalid' };
    case 'left':
      return { failure: { code: 'attempt-left', message: end.why, log: rest.log }, cause: 'invalid' };
  }
}

function onAbort(
  stop: AbortSignal | undefined,
  kill: AbortSignal | undefined,
  followed: Followed,
): () => void {
  const end = (): void => followed.cancel(GRACE);
  const killNow = (): void => followed.cancel(0);
  stop?.addEventListener('abort', end);
  kill?.addEventListener('abort', killNow);
  if (stop?.aborted) end();
  if (kill?.aborted) killNow();
  return () => {
    stop?.removeEventListener('abort', end);
    kill?.removeEventListener('abort', killNow);
  };
}
