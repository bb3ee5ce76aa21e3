/** @file A second name for an object, read-only, or a copy where there can be none. Found out by trying. */
import { chmodSync, constants, copyFileSync, linkSync, lstatSync, utimesSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from './publish.ts';

/** What says that two folders will never share a link: other devices, or a file system that knows none. */
const NEVER: ReadonlySet<string> = new Set(['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EACCES']);
/** Whether a second name was refused in a way that leaves a copy. EMLINK: this one file has as many names as it can have. */
export function isUnlinkable(error: unknown): boolean {
  const code = errnoOf(error) ?? '';
  return code === 'EMLINK' || NEVER.has(code);
}

/** Pairs of devices, by number, between which a link was refused: facts of this machine, asked for once. */
const unlinked = new Set<string>();

/** True: `to` is the object itself under another name. */
export function linkOrCopy(object: string, to: string, form: 'file' | 'exec'): boolean {
  const pair = unlinked.size === 0 ? undefined : pairOf(object, to);
  if (pair === undefined || !unlinked.has(pair)) {
    try {
      linkSync(object, to);
      return true;
    } catch (error) {
      if (!isUnlinkable(error)) throw error;
      // Of 65,000 names on ext4 this is one object's fault, not that of the two folders.
      if (errnoOf(error) !== 'EMLINK') unlinked.add(pairOf(object, to));
    }
  }
  copyForStage(object, to, form);
  return false;
}

/** With the object's times, which tell when a stage wrote to it. */
export function copyForStage(object: string, to: string, form: 'file' | 'exec'): void {
  copyFileSync(object, to, constants.COPYFILE_FICLONE);
  chmodSync(to, form === 'exec' ? 0o555 : 0o444);
  const { mtimeMs } = lstatSync(object);
  utimesSync(to, Date.now() / 1000, mtimeMs / 1000);
}

function pairOf(object: string, to: string): string {
  return `${lstatSync(object).dev} ${lstatSync(dirname(to)).dev}`;
}
