/** @file The files of jobs on a host, for schedulers whose commands are called there. */
import { err, ok, type Result } from '../../../base/result.ts';
import type { Link } from '../../site/link.ts';
import type { Chunks, ExecutorFault, Offsets } from '../contract.ts';
import type { JobFiles } from '../records/files.ts';
import { jobFiles } from '../records/lay.ts';
import { writeThere } from './attempts.ts';

/** Milliseconds that a question after states waits for a connection: the next one comes anyway. */
export const PATIENCE = 2000;
/** Bytes of output in one answer. */
const MOST_OUTPUT = 1 << 20;

export function linkFiles(link: Link): JobFiles {
  return {
    lay: (jobs, options) =>
      Promise.all(
        jobs.map(async (job, at): Promise<Result<undefined, ExecutorFault>> => {
          const files = jobFiles(job, options[at]);
          return files.ok ? writeThere(link, job, inJob(files.value)) : files;
        }),
      ),
    look: async (folders) => {
      const answer = await link.call('job-records', { folders }, { patience: PATIENCE });
      if (!answer.ok) return err(answer.error);
      return ok(answer.value.records);
    },
    chunks: (folder, from) => readOutput(link, folder, from),
  };
}

export function inJob(files: { readonly [name: string]: string }): { readonly [name: string]: string } {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`job/${name}`, text]));
}

export async function readOutput(link: Link, folder: string, from: Offsets): Promise<Chunks | undefined> {
  const ask = { folder, from: [from.stdout, from.stderr, from.events], most: MOST_OUTPUT };
  const answer = await link.call('job-output', ask, { patience: PATIENCE, most: MOST_OUTPUT });
  if (!answer.ok) return undefined;
  const { sizes, bytes } = answer.value;
  const [stdout = 0, stderr = 0, events = 0] = sizes;
  return {
    stdout: bytes.subarray(0, stdout),
    stderr: bytes.subarray(stdout, stdout + stderr),
    events: bytes.subarray(stdout + stderr, stdout + stderr + events),
  };
}
