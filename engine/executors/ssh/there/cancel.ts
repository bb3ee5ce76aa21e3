/** @file On the host: jobs told to end, and ended. */
import { groupsUnder, send } from '../../processes.ts';
import type { JobName } from '../requests.ts';
import { isAlive, nameIn } from './look.ts';

/** Milliseconds. */
const LOOK = 50;
/** So long after everything was killed the wrapper has for its record. */
const LAST = 5000;

/** Answers when they have ended. `grace`: seconds from SIGTERM to SIGKILL. */
export async function cancelJobs(jobs: readonly JobName[], grace: number): Promise<void> {
  const names = jobs.map(({ folder, process }) => nameIn(folder) ?? process);
  const left = (): typeof names => names.filter(isAlive);
  // The wrapper passes it on to the group of its command, and waits for that.
  for (const { pid } of left()) send(pid, 'SIGTERM');
  await until(() => left().length === 0, grace * 1000);
  for (const { pid } of left()) for (const group of groupsUnder(pid)) send(-group, 'SIGKILL');
  await until(() => left().length === 0, LAST);
  for (const { pid } of left()) send(pid, 'SIGKILL');
}

async function until(done: () => boolean, patience: number): Promise<void> {
  const deadline = performance.now() + patience;
  while (!done() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, LOOK));
}
