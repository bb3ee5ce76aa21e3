/** @file On the host: what is there to see of jobs. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { bootId, startOf } from '../../../../cache/owner.ts';
import type { ProcessName } from '../../../site/requests.ts';
import { hasEnded, readRecords } from '../../records/records.ts';
import { jobFolder } from '../../records/wrapper.ts';
import type { JobLook, JobName } from '../requests.ts';

/** Files of a job, in the order of its streams. */
export const STREAMS = ['out', 'err', 'events'] as const;

export function lookAt({ folder, process }: JobName): JobLook {
  // Before its records: whoever is gone by now has written what it was going to write.
  const alive = isAlive(nameIn(folder) ?? process);
  const records = readRecords(folder);
  const boot = records.start?.boot ?? process.boot;
  return { alive, rebooted: boot !== '' && boot !== bootId(), records, sizes: sizesOf(folder) };
}

/** Whether an attempt has a job that goes on. */
export function lives(folder: string): boolean {
  const process = nameIn(folder);
  return process !== undefined && isAlive(process);
}

/** The process of the wrapper by its own record: another start of the same attempt has ended at once. */
export function nameIn(folder: string): ProcessName | undefined {
  const { start } = readRecords(folder);
  if (start === undefined) return undefined;
  return { pid: start.pid, start: start.born ?? '', boot: start.boot ?? '' };
}

export function isAlive({ pid, start, boot }: ProcessName): boolean {
  return pid > 0 && boot === bootId() && startOf(pid) === start && start !== '';
}

function sizesOf(folder: string): number[] {
  return STREAMS.map((name) => statSync(join(jobFolder(folder), name), { throwIfNoEntry: false })?.size ?? 0);
}

/** Milliseconds between two looks, and looks from one question after the processes to the next. */
const LOOK = 100;
const SELDOM = 10;

/** One agent has one engine, whose later question is the one that counts. */
let latest = 0;

/** The places of jobs that are not as they were seen: as soon as there is one, or none after the limit in seconds. */
export async function waitFor(
  jobs: readonly (JobName & { readonly seen: readonly number[] })[],
  limit: number,
): Promise<number[]> {
  const deadline = performance.now() + limit * 1000;
  latest += 1;
  const own = latest;
  for (let turn = 0; ; turn++) {
    const changed = jobs.flatMap(({ folder, process, seen }, at) => {
      const sizes = sizesOf(folder);
      const same = sizes.every((size, i) => size === seen[i]);
      // Of one that runs on another machine nobody knows here whether it lives.
      const here = process.pid > 0;
      const gone = here && turn % SELDOM === 0 && !isAlive(nameIn(folder) ?? process);
      return same && !gone && !hasEnded(folder) ? [] : [at];
    });
    if (changed.length > 0 || performance.now() >= deadline || own !== latest) return changed;
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
}
