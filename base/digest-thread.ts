/** @file Entry of a thread that digests files for another one: `workerData` is their paths, the answers come in order. */
import { parentPort, workerData } from 'node:worker_threads';
import { digestFile } from './digest.ts';

for (const path of workerData as readonly string[]) parentPort?.postMessage(digestFile(path));
