/** @file Digests of large files beside other work. A thread takes 40 ms to start, in which 64 MiB are hashed. */
import { Worker } from 'node:worker_threads';
import { digestFileInTurns } from './digest.ts';
import type { Digest } from './ids.ts';

/** Bytes from which a file is worth a thread. */
export const LARGE: number = 64 * 2 ** 20;

const ENTRY = new URL('./digest-thread.js', import.meta.url);
/** Threads cannot run sources, which nobody built. */
const BUILT = import.meta.url.endsWith('.js');

/** The digests of the files, one after the other on one thread. Rejects with the system's error. */
export async function digestOnThread(paths: readonly string[]): Promise<Digest[]> {
  const digests: Digest[] = [];
  if (!BUILT) {
    for (const path of paths) digests.push(await digestFileInTurns(path));
    return digests;
  }
  return new Promise((resolve, reject) => {
    const thread = new Worker(ENTRY, { workerData: paths });
    thread.on('message', (digest: Digest) => digests.push(digest));
    thread.once('error', reject);
    thread.once('exit', () => {
      if (digests.length === paths.length) resolve(digests);
      else reject(new Error('Internal error: a thread ended without its digests'));
    });
  });
}
