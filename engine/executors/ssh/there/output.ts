/** @file On the host: what a job printed, by offsets. */
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../../../cache/publish.ts';
import { jobFolder } from '../../records/wrapper.ts';
import { STREAMS } from './look.ts';

/** Of each stream what comes after its offset, at most so many bytes of all together. */
export function outputAfter(folder: string, from: readonly number[], most: number): Buffer[] {
  let left = most;
  return STREAMS.map((name, i) => {
    const bytes = readAfter(join(jobFolder(folder), name), from[i] ?? 0, left);
    left -= bytes.length;
    return bytes;
  });
}

function readAfter(file: string, offset: number, most: number): Buffer {
  let open: number | undefined;
  try {
    open = openSync(file, 'r');
    const bytes = Buffer.allocUnsafe(most);
    return bytes.subarray(0, readSync(open, bytes, 0, most, offset));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return Buffer.alloc(0);
  } finally {
    if (open !== undefined) closeSync(open);
  }
}
