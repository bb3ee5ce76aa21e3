/** @file Puts the bytes of files on the disk, of one or of 200,000. */
import { execFile } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncFile } from './publish.ts';

/** Files from which the whole file system is asked once, in place of every file: a tenth of the time. */
const MANY = 1000;
/** Files that are asked for at the same time: they share the disk's turns. */
const AT_ONCE = 16;

/** Until all of them are on the disk; others have their turn. They stand on one file system. */
export async function syncFiles(paths: readonly string[]): Promise<void> {
  const [first] = paths;
  if (first !== undefined && paths.length >= MANY && (await syncAround(dirname(first)))) return;
  let next = 0;
  const work = async (): Promise<void> => {
    for (let path = paths[next++]; path !== undefined; path = paths[next++]) await syncPath(path);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, paths.length) }, work));
}

async function syncPath(path: string): Promise<void> {
  const file = openSync(path, 'r');
  try {
    await syncFile(file);
  } finally {
    closeSync(file);
  }
}

/** Everything on the file system of a folder. False where the system has no such command. */
function syncAround(folder: string): Promise<boolean> {
  return new Promise((resolve) => {
    execFile('sync', ['-f', folder], (error) => resolve(error === null));
  });
}
