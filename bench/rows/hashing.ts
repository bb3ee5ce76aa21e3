/** @file How fast bytes are hashed, on one core and on two, beside openssl. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../measure/warren.ts';
import { line, type Row } from './row.ts';

const BYTES = 2 ** 30;

type Digesting = typeof import('../../base/digest.ts');
type Threads = typeof import('../../base/threads.ts');

export const hashing: Row = {
  name: 'hashing',
  measure: async (bench) => {
    // The built modules: sources have no threads.
    const { digestFile } = (await import(join(ROOT, 'dist/base/digest.js'))) as Digesting;
    const { digestOnThread } = (await import(join(ROOT, 'dist/base/threads.js'))) as Threads;
    const files = ['a', 'b'].map((name) => large(join(bench.folder, name)));
    const [first = ''] = files;
    digestFile(first);
    const one = await times(bench.rounds, () => digestFile(first));
    const two = await times(bench.rounds, () => Promise.all(files.map((file) => digestOnThread([file]))));
    const limit = (share: number, why: string) =>
      bench.openssl === undefined ? {} : { fixed: { seconds: BYTES / bench.openssl / share, why } };
    return [
      line(bench, 'hashing 1 GiB on one core', one, limit(0.9, '90 % of openssl speed')),
      // The same time for twice the bytes, less a tenth for what two cores share.
      line(bench, 'hashing 2 x 1 GiB on two', two, limit(0.9 * 0.9, 'near twice that')),
    ];
  },
};

function large(path: string): string {
  const file = openSync(path, 'w');
  const piece = Buffer.alloc(2 ** 24, path);
  for (let at = 0; at < BYTES; at += piece.length) writeSync(file, piece);
  closeSync(file);
  return path;
}

async function times(rounds: number, work: () => unknown): Promise<number[]> {
  const seconds: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    await work();
    seconds.push((performance.now() - began) / 1000);
  }
  return seconds;
}
