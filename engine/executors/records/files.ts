/** @file The files of jobs: here, where job and engine share them, or by way of a program on the machine that has them. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Result } from '../../../base/result.ts';
import { errnoOf } from '../../../cache/publish.ts';
import type { Chunks, ExecutorFault, Offsets } from '../contract.ts';
import { type Laying, type LayOptions, layJob } from './lay.ts';
import { type Records, readRecords } from './records.ts';
import { jobFolder } from './wrapper.ts';

export interface JobFiles {
  lay(
    jobs: readonly Laying[],
    options: readonly LayOptions[],
  ): Promise<readonly Result<undefined, ExecutorFault>[]>;
  /** Of each folder, in their order. The fault: could not ask. */
  look(folders: readonly string[]): Promise<Result<readonly Records[], ExecutorFault>>;
  /** What came after the offsets. Undefined: could not be asked. */
  chunks(folder: string, from: Offsets): Promise<Chunks | undefined>;
}

export const sharedFiles: JobFiles = {
  lay: (jobs, options) => Promise.resolve(jobs.map((job, at) => layJob(job, options[at]))),
  look: (folders) => Promise.resolve({ ok: true, value: folders.map(readRecords) }),
  chunks: (folder, from) => Promise.resolve(readChunks(folder, from)),
};

/** Most bytes of a stream at once: a large log comes in pieces. */
const PIECE = 1024 * 1024;

export function readChunks(folder: string, from: Offsets): Chunks {
  const job = jobFolder(folder);
  return {
    stdout: readAfter(join(job, 'out'), from.stdout),
    stderr: readAfter(join(job, 'err'), from.stderr),
    events: readAfter(join(job, 'events'), from.events),
  };
}

function readAfter(file: string, offset: number): Uint8Array {
  let open: number | undefined;
  try {
    open = openSync(file, 'r');
    const length = Math.min(fstatSync(open).size - offset, PIECE);
    if (length <= 0) return new Uint8Array();
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(open, bytes, 0, length, offset));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return new Uint8Array();
  } finally {
    if (open !== undefined) closeSync(open);
  }
}
