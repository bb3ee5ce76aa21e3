/** @file Hears of jobs on a host as soon as something about them changes: one open question for all of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Link } from '../../site/link.ts';
import type { JobName } from './requests.ts';

export interface Watch {
  /** `seen`: bytes of each stream that are known. */
  add(name: string, job: JobName, seen: readonly number[]): void;
  remove(name: string): void;
  close(): void;
}

/** Seconds that a question may stay open. */
const LIMIT = 30;
/** Milliseconds between two of them, and after one that could not be asked. */
const PAUSE = 100;
const LATER = 2000;

export function watchJobs(link: Link, changed: (name: string) => void): Watch {
  const jobs = new Map<string, JobName & { readonly seen: readonly number[] }>();
  let asking: AbortController | undefined;
  let running = false;
  let closed = false;

  async function run(): Promise<void> {
    running = true;
    while (!closed && jobs.size > 0) {
      const names = [...jobs.keys()];
      asking = new AbortController();
      const { signal } = asking;
      const ask = { jobs: [...jobs.values()], limit: LIMIT };
      const answer = await link.call('jobs-wait', ask, { signal, patience: 0 });
      asking = undefined;
      // Who cannot be asked is no news of a job, and people should know of it.
      const news = answer.ok ? answer.value.changed : signal.aborted ? [] : names.keys();
      for (const at of news) changed(names[at] ?? '');
      await sleep(answer.ok || signal.aborted ? PAUSE : LATER, undefined, { ref: false });
    }
    running = false;
  }

  return {
    add: (name, job, seen) => {
      const before = jobs.get(name);
      jobs.set(name, { ...job, seen });
      if (!running) void run();
      // The question that is open knows nothing of it.
      else if (before === undefined) asking?.abort();
    },
    remove: (name) => {
      jobs.delete(name);
    },
    close: () => {
      closed = true;
      asking?.abort();
    },
  };
}
