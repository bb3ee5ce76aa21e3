/**
 * @file One tracker for an open executor: attempts go in, and come out as output, states and ends. It asks once for all of
 * them, never twice at a time, and more rarely while nothing changes. That it cannot ask ends nothing.
 */
import type { Executor, ExecutorFault, Handle, State, Submission } from '../contract.ts';
import type { Exit, Sinks } from '../executor.ts';
import { type Cancelled, isToldAgain, makeCancelling, untilLeft } from './cancelling.ts';
import { type Output, outputOf } from './output.ts';
import { repeat } from './repeat.ts';
import { makeSubmitting } from './submitting.ts';

interface Watch extends Sinks {
  /** It was accepted there, and this is how it is found again; before anything else is heard of it. */
  submitted(handle: Handle): void;
  /** Every state that differs from the one before, up to the end. */
  state(state: State): void;
}

export type End =
  | {
      readonly kind: 'exit';
      readonly exit: Exit;
      /** The end of its output could not be fetched. */
      readonly cut: boolean;
      /** How long it ran, where that is known. */
      readonly seconds?: number | undefined;
    }
  /** It was not submitted, and never will be. */
  | { readonly kind: 'refused'; readonly fault: ExecutorFault }
  /** It was to end, and nobody there could be asked whether it did: it may go on. */
  | { readonly kind: 'left'; readonly why: string };

export interface Followed {
  readonly done: Promise<End>;
  /** Asks it and everything it started to end, and ends it after the grace, in milliseconds. 0: at once. */
  cancel(grace: number): void;
}

/** What went wrong with asking, rather than with a job. */
export type Trouble = Pick<ExecutorFault, 'message' | 'hint' | 'command' | 'output'>;

export interface Tracker {
  start(submission: Submission, watch: Watch): Followed;
  /** One that was submitted before, by whomever; its output is told from its beginning. */
  adopt(handle: Handle, watch: Watch): Followed;
  stop(): void;
}

/** Between two questions, and between two looks for output; growing while nothing changes. Milliseconds. */
const FIRST = 200;
const MOST = 30_000;
const MOST_OUTPUT = 5000;
const GROWTH = 1.5;
/** So long the last output of one that ended is asked for. */
const PATIENCE = 30_000;

interface Job {
  readonly name: string;
  readonly watch: Watch;
  readonly output: Output;
  /** Undefined until it is submitted. */
  handle: Handle | undefined;
  last: State | undefined;
  /** Something may have changed since it was asked about. */
  dirty: boolean;
  cancelled: Cancelled | undefined;
  end(end: End): void;
  crash(error: unknown): void;
}

type Submitted = Job & { handle: Handle };

/** `trouble` is told once of everything that keeps the executor from being asked. */
export function track(executor: Executor, trouble: (trouble: Trouble) => void): Tracker {
  const pushes = executor.onChange !== undefined;
  /** All that have not ended, by name. */
  const jobs = new Map<string, Job>();
  const submitting = makeSubmitting(executor, crash);
  const cancelling = makeCancelling(executor, hurry, crash);
  const polls = repeat(poll, crash);
  const outputs = repeat(fetchOutputs, crash);
  let pollWait = FIRST;
  let outputWait = FIRST;
  /** Whether somebody was told that asking does not work, and of which refused calls. */
  let silent = false;
  const told = new Set<string>();
  const leaving = new Set<NodeJS.Timeout>();

  executor.onChange?.((name) => {
    const job = jobs.get(name);
    if (job === undefined) return;
    job.dirty = true;
    polls.now();
  });

  function crash(error: unknown): void {
    for (const job of jobs.values()) job.crash(error);
  }

  function submitted(): Submitted[] {
    return [...jobs.values()].filter((job): job is Submitted => job.handle !== undefined);
  }

  function follow(name: string, watch: Watch, ask: (job: Job) => void): Followed {
    if (jobs.has(name)) throw new Error(`Internal error: ${name} is followed twice`);
    let job: Job | undefined;
    const done = new Promise<End>((resolve, reject) => {
      job = {
        name,
        watch,
        output: outputOf(executor, watch),
        handle: undefined,
        last: undefined,
        dirty: true,
        cancelled: undefined,
        end: (how) => {
          jobs.delete(name);
          resolve(how);
        },
        crash: reject,
      };
      jobs.set(name, job);
      ask(job);
    });
    return { done, cancel: (grace) => cancel(job as Job, grace) };
  }

  function accepted(job: Job, handle: Handle): void {
    job.handle = handle;
    job.watch.submitted(handle);
    if (job.cancelled !== undefined) cancelling(handle, job.cancelled);
    hurry();
  }

  function hurry(): void {
    pollWait = FIRST;
    if (pushes) polls.now();
    else polls.within(FIRST);
  }

  /** Answers when the next question is due. */
  async function poll(): Promise<number | undefined> {
    const all = submitted();
    // Of one that tells of changes, what may have changed is asked; the rest only if it goes on without this process.
    const some = pushes && all.some(({ dirty }) => dirty);
    const asked = some ? all.filter(({ dirty, last }) => dirty || last?.kind === 'unknown') : all;
    if (asked.length === 0) return undefined;
    for (const job of asked) job.dirty = false;
    const states = await executor.poll(asked.map(({ handle }) => handle));
    let changed = false;
    for (const job of asked) {
      const nothing: State = { kind: 'unknown', why: `${executor.shown} did not say what became of it` };
      changed = take(job, states.get(job.name) ?? nothing) || changed;
    }
    const unknown = [...jobs.values()].some(({ last }) => last?.kind === 'unknown');
    silent &&= unknown;
    if (jobs.size === 0) return undefined;
    pollWait = changed ? FIRST : Math.min(pollWait * GROWTH, MOST);
    if (!pushes || unknown) return pollWait;
    return executor.capabilities.survivesEngine ? MOST : undefined;
  }

  /** True if it is news. */
  function take(job: Submitted, state: State): boolean {
    // Ended since it was asked about: by being left.
    if (!jobs.has(job.name)) return false;
    const news = JSON.stringify(state) !== JSON.stringify(job.last);
    job.last = state;
    if (state.kind === 'ended') finish(job, state.exit, PATIENCE, state.seconds);
    else if (state.kind === 'lost') {
      finish(job, { kind: 'vanished', cause: 'node-lost', evidence: state.evidence }, 0);
    } else {
      if (news) job.watch.state(state);
      if (state.kind === 'unknown') cannotAsk(job, state.why);
      else if (job.cancelled !== undefined && isToldAgain(job.cancelled))
        cancelling(job.handle, job.cancelled);
      if (pushes) job.output.fetch(job.handle).catch(crash);
      else if (news && state.kind === 'running') outputs.within(FIRST);
    }
    return news;
  }

  function cannotAsk(job: Job, why: string): void {
    if (!silent) trouble({ message: why });
    silent = true;
    if (job.cancelled === undefined) return;
    const left = untilLeft(job.cancelled);
    if (left <= 0) job.end({ kind: 'left', why });
    else polls.within(left);
  }

  /** It has ended: what is left of its output, and then the word of it. */
  function finish(job: Submitted, exit: Exit, patience: number, seconds?: number): void {
    jobs.delete(job.name);
    job.output
      .finish(job.handle, patience)
      .then((whole) => job.end({ kind: 'exit', exit, cut: !whole, seconds }))
      .catch(job.crash);
  }

  /** Of an executor that does not tell of changes: output is looked for more often than the scheduler is asked. */
  async function fetchOutputs(): Promise<number | undefined> {
    const all = submitted().filter(({ last }) => last !== undefined && last.kind !== 'queued');
    if (all.length === 0) return undefined;
    const got = await Promise.all(all.map(({ output, handle }) => output.fetch(handle)));
    outputWait = got.includes(true) ? FIRST : Math.min(outputWait * GROWTH, MOST_OUTPUT);
    return outputWait;
  }

  function cancel(job: Job, grace: number): void {
    if (job.cancelled !== undefined && job.cancelled.grace <= grace) return;
    job.cancelled = { grace, at: performance.now(), sent: undefined };
    if (job.handle === undefined) {
      submitting.reconsider();
      leaving.add(setTimeout(() => leaveUnanswered(job), untilLeft(job.cancelled) + FIRST));
    } else if (jobs.has(job.name)) cancelling(job.handle, job.cancelled);
  }

  /** Its submission, or the question whether it got there, is under way for too long. */
  function leaveUnanswered(job: Job): void {
    if (!jobs.has(job.name) || job.handle !== undefined || job.cancelled === undefined) return;
    if (untilLeft(job.cancelled) <= 0) job.end({ kind: 'left', why: `${executor.shown} does not answer` });
  }

  /** Nobody knows whether it got there: it is looked for, so that it can be told to end. */
  async function lookFor(job: Job, submission: Submission): Promise<void> {
    const found = await executor.find([submission]);
    const handle = found.ok ? found.value.get(job.name) : undefined;
    if (handle !== undefined) accepted(job, handle);
    else if (found.ok) drop(job);
    else if (job.cancelled !== undefined && untilLeft(job.cancelled) <= 0) {
      job.end({ kind: 'left', why: found.error.message });
    } else setTimeout(() => lookFor(job, submission).catch(job.crash), FIRST);
  }

  function drop(job: Job): void {
    const evidence = 'it was cancelled before it was submitted';
    job.end({ kind: 'exit', exit: { kind: 'vanished', cause: 'cancelled', evidence }, cut: false });
  }

  return {
    start: (submission, watch) =>
      follow(submission.name, watch, (job) => {
        submitting.add({
          submission,
          wanted: () => job.cancelled === undefined,
          accepted: (handle) => accepted(job, handle),
          refused: (fault) => job.end({ kind: 'refused', fault }),
          waits: (fault) => {
            if (!told.has(fault.message)) trouble(fault);
            told.add(fault.message);
            watch.state({ kind: 'queued', why: fault.message });
          },
          dropped: (doubtful) => {
            if (doubtful) lookFor(job, submission).catch(job.crash);
            else drop(job);
          },
        });
      }),
    adopt: (handle, watch) => follow(handle.name, watch, (job) => accepted(job, handle)),
    stop: () => {
      submitting.stop();
      for (const timer of leaving) clearTimeout(timer);
      polls.stop();
      outputs.stop();
    },
  };
}
