/**
 * @file Where leases are kept: a folder of the machine, for all engines of all its users, with a file for each GPU. What lies
 * there may be another user's work: nothing is opened through a link, and nothing that is read is believed further than a
 * sentence or a place in the line.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../../cache/publish.ts';

/** Not TMPDIR: schedulers give each job one of its own, and leases are the machine's. */
const DEFAULT_FOLDER = '/tmp/warren-gpus';
/** Bytes of a file of ours at most; the rest is somebody's joke. */
const LARGEST = 2 ** 20;

export function leaseFolder(env: NodeJS.ProcessEnv): string {
  return env['WARREN_GPU_LEASES'] || DEFAULT_FOLDER;
}

/** Throws an error with a sentence for people, or the system's. */
export function prepareFolder(folder: string): void {
  try {
    mkdirSync(folder);
    // Not by `mkdir`: the mask of this process would take the others' right to write.
    chmodSync(folder, 0o1777);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  const stat = lstatSync(folder);
  if (!stat.isDirectory()) throw new UnfitFolder('it is no folder');
  const own = process.getuid?.();
  const sticky = (stat.mode & 0o1000) !== 0;
  const open = (stat.mode & 0o022) !== 0;
  if (open && !sticky) throw new UnfitFolder('everybody may remove what others put there');
  if (stat.uid !== own && stat.uid !== 0 && !open) throw new UnfitFolder('it belongs to another user');
}

export class UnfitFolder extends Error {}

/** A file there, made when it is missing. Opening a FIFO does not wait, and a link is an error. */
export function openShared(folder: string, name: string): number {
  const path = join(folder, name);
  const flags = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  for (;;) {
    try {
      // Without O_CREAT first: the kernel refuses it for files of others in such a folder (fs.protected_regular).
      return checked(openSync(path, flags));
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
    try {
      const file = openSync(path, flags | constants.O_CREAT | constants.O_EXCL, 0o666);
      fchmodSync(file, 0o666);
      return file;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
  }
}

function checked(file: number): number {
  const stat = fstatSync(file);
  // A second name: writing here would write to a file elsewhere.
  if (stat.isFile() && stat.nlink === 1) return file;
  closeSync(file);
  throw new UnfitFolder('a file of it is no plain file');
}

/** Whether the open file is still the one of that name: what was removed under a lock locks nothing. */
export function isCurrent(folder: string, name: string, file: number): boolean {
  const stat = lstatSync(join(folder, name), { throwIfNoEntry: false });
  const open = fstatSync(file);
  return stat !== undefined && stat.ino === open.ino && stat.dev === open.dev;
}

/** The first line: what a writer that was killed left behind it is no part of it. */
export function readLine(file: number): string {
  const size = Math.min(fstatSync(file).size, LARGEST);
  const bytes = Buffer.alloc(size);
  const read = readSync(file, bytes, 0, size, 0);
  return bytes.toString('utf8', 0, read).split('\n', 1)[0] as string;
}

/** In place: a rename over a file of another user is not allowed there. */
export function writeLine(file: number, text: string): void {
  const bytes = Buffer.from(`${text}\n`);
  writeSync(file, bytes, 0, bytes.length, 0);
  ftruncateSync(file, bytes.length);
}

/** The name of a GPU's file; UUIDs of slices of older drivers have slashes. */
export function lockName(uuid: string): string {
  return `${uuid.replaceAll('/', '_')}.lock`;
}
