/**
 * @file A look at the leases of the machine, with all of them in one hand: under the lock of the line every lease that is free
 * is taken, some are kept, the rest given back. Whoever looks sees the line and the leases as nobody changes them, so a
 * request gets all that it asks for or nothing, and never holds one GPU while it waits for another.
 */
import { closeSync, writeSync } from 'node:fs';
import type { Result } from '../../../base/result.ts';
import { errnoOf } from '../../../cache/publish.ts';
import type { GpuGrant } from '../contract.ts';
import { lockFiles } from './flock.ts';
import {
  isCurrent,
  lockName,
  openShared,
  prepareFolder,
  readLine,
  UnfitFolder,
  writeLine,
} from './folder.ts';
import { type Holder, holderText, parseHolder } from './holder.ts';
import { type Line, machineClock, parseLine } from './line.ts';

/** GPUs of one stage, until it has ended: everything that inherited the open files holds them too. */
export interface Lease {
  readonly grant: GpuGrant;
  /** May be called again. */
  release(): void;
}

export interface LeaseTrouble {
  /** A clause. */
  readonly why: string;
  readonly hint: string;
  readonly output?: string | undefined;
}

/** What is seen in a look; it ends with the function that was given it. */
export interface Look {
  readonly now: number;
  readonly line: Line;
  readonly free: ReadonlySet<string>;
  holderOf(uuid: string): Holder | undefined;
  /** Of GPUs that are free. */
  take(uuids: readonly string[], label: string): Lease;
  write(line: Line): void;
}

/** Between two signs of life of a lease. Milliseconds. */
const TOUCH = 3_600_000;
const LINE = 'line';
/** Something is written to it when a lease is given back, for those who watch it. */
export const WAKE = 'wake';

/** Tries, while the files that were locked turn out to be removed: by whoever clears old temporary files. */
const TRIES = 3;

export async function lookAtLeases<T>(
  folder: string,
  uuids: readonly string[],
  env: NodeJS.ProcessEnv,
  act: (look: Look) => T,
): Promise<Result<T, LeaseTrouble>> {
  for (let tries = 1; ; tries++) {
    const looked = await lookOnce(folder, uuids, env, act);
    if (looked !== 'removed') return looked;
    if (tries === TRIES) return unusable(folder, 'its files are being removed');
  }
}

async function lookOnce<T>(
  folder: string,
  uuids: readonly string[],
  env: NodeJS.ProcessEnv,
  act: (look: Look) => T,
): Promise<Result<T, LeaseTrouble> | 'removed'> {
  const files = new Map<string, number>();
  const close = (): void => {
    for (const file of files.values()) closeSync(file);
    files.clear();
  };
  try {
    prepareFolder(folder);
    for (const name of [LINE, ...uuids.map(lockName)]) files.set(name, openShared(folder, name));
    const [line, ...others] = [...files.values()] as [number, ...number[]];
    const locked = await lockFiles(line, others, env);
    if (!locked.ok) return { ok: false, error: { ...locked.error, hint: hintOf(locked.error.missing) } };
    if (!isCurrent(folder, LINE, line)) return 'removed';
    const free = locked.value.flatMap((at) => {
      const uuid = uuids[at] as string;
      const file = others[at] as number;
      return isCurrent(folder, lockName(uuid), file) ? [uuid] : [];
    });
    return { ok: true, value: act(lookOf(folder, files, new Set(free))) };
  } catch (error) {
    if (!(error instanceof UnfitFolder) && !isOfSystem(error)) throw error;
    return unusable(folder, (error as Error).message);
  } finally {
    // With the line's file its lock goes, and so do the leases that were not taken.
    close();
  }
}

/** And none of Node.js's own, which tell of a bug: `ERR_INVALID_ARG_TYPE`. */
function isOfSystem(error: unknown): boolean {
  return /^E[A-Z0-9]+$/.test(errnoOf(error) ?? '');
}

function unusable(folder: string, why: string): { readonly ok: false; readonly error: LeaseTrouble } {
  const error = { why: `leases cannot be kept in ${folder}: ${why}`, hint: hintOf(false) };
  return { ok: false, error };
}

function hintOf(missing: boolean): string {
  return missing
    ? 'install util-linux, which has flock'
    : 'let WARREN_GPU_LEASES name a folder of this machine that all who use its GPUs can write to';
}

function lookOf(folder: string, files: Map<string, number>, free: Set<string>): Look {
  const lineFile = files.get(LINE) as number;
  /** Of those taken in this look: their files are the leases' by then. */
  const holders = new Map<string, Holder>();
  const text = readLine(lineFile);
  return {
    now: machineClock(),
    line: parseLine(text),
    free,
    holderOf: (uuid) => {
      const file = files.get(lockName(uuid));
      return file === undefined ? holders.get(uuid) : parseHolder(readLine(file));
    },
    take: (uuids, label) => {
      const taken = uuids.map((uuid) => {
        const name = lockName(uuid);
        const file = files.get(name);
        if (file === undefined || !free.delete(uuid)) throw new Error(`Internal error: ${uuid} is not free`);
        files.delete(name);
        holders.set(uuid, { pid: process.pid, label });
        sign(file, label);
        return file;
      });
      return leaseOf(folder, uuids, taken, label);
    },
    write: (line) => {
      const next = JSON.stringify(line);
      if (next !== text) writeLine(lineFile, next);
    },
  };
}

function leaseOf(folder: string, uuids: readonly string[], files: readonly number[], label: string): Lease {
  let held = true;
  // Temporary files that nobody touches for days are cleared away; a lease whose file is gone would be given twice.
  const fresh = setInterval(() => {
    for (const file of files) sign(file, label);
  }, TOUCH);
  fresh.unref();
  return {
    grant: { uuids, visible: uuids.join(','), files },
    release: () => {
      if (!held) return;
      held = false;
      clearInterval(fresh);
      for (const file of files) closeSync(file);
      wake(folder);
    },
  };
}

/** For people: without it, on a full disk, the lease is one all the same. */
function sign(file: number, label: string): void {
  try {
    writeLine(file, holderText(label));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

/** Those who wait look again at once; where it cannot be said they look in a while. */
export function wake(folder: string): void {
  try {
    const file = openShared(folder, WAKE);
    try {
      writeSync(file, '.', 0);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (!(error instanceof UnfitFolder) && errnoOf(error) === undefined) throw error;
  }
}
