/** @file How fast bytes are hashed, on one core and on two, beside openssl. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { timed } from '../measure/command.ts';
import { ROOT } from '../measure/warren.ts';
import { type Bench, line, type Row } from './row.ts';

const BYTES = 2 ** 30;

type Digesting = typeof import('../../base/digest.ts');
type Threads = typeof import('../../base/threads.ts');

export const hashing: Row = {
  name: 'hashing',
  measure: async (bench) => {
    // The built modules: sources have no threads.
    const { digestBytes, digestFile } = (await import(join(ROOT, 'dist/base/digest.js'))) as Digesting;
    const { digestOnThread } = (await import(join(ROOT, 'dist/base/threads.js'))) as Threads;
    const files = ['a', 'b'].map((name) => large(join(bench.folder, name)));
    const [first = ''] = files;
    digestFile(first);
    const piece = Buffer.alloc(2 ** 24, first);
    const memory = await times(bench.rounds, () => {
      for (let at = 0; at < BYTES; at += piece.length) digestBytes(piece);
    });
    const one = await times(bench.rounds, () => digestFile(first));
    const two = await times(bench.rounds, () => Promise.all(files.map((file) => digestOnThread([file]))));
    const limit = (share: number, why: string) =>
      bench.openssl === undefined ? {} : { fixed: { seconds: BYTES / bench.openssl / share, why } };
    const theirs = await openssl(bench, first);
    return [
      // What `openssl speed` does: 16 MiB that are in memory, again and again.
      line(bench, 'hashing 1 GiB of memory on one core', memory, limit(0.9, '90 % of openssl speed')),
      line(bench, 'hashing a file of 1 GiB on one core', one, limit(0.9, '90 % of openssl speed')),
      // The same time for twice the bytes, less a tenth for what two cores share.
      ...(theirs === undefined ? [] : [line(bench, 'hashing a file of 1 GiB: openssl dgst', theirs)]),
      line(bench, 'hashing 2 files of 1 GiB on two', two, limit(0.9 * 0.9, 'near twice that')),
    ];
  },
};

/** The same file by openssl's own program, with its start. */
async function openssl(bench: Bench, file: string): Promise<number[] | undefined> {
  if (bench.openssl === undefined) return undefined;
  const call = (): Promise<unknown> => timed(['openssl', 'dgst', '-sha256', file]);
  return times(bench.rounds, call);
}

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
