/** @file Who owns a lock or a run: a process that can be told from a later one with the same pid. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

export interface Owner {
  readonly pid: number;
  /** Start time of the process in clock ticks after boot, where the system tells. */
  readonly start: string;
  readonly boot: string;
  readonly host: string;
  /** ISO time, for people. */
  readonly since: string;
}

/** The owner that a file names; undefined for a file that cannot be read or says something else. */
export function readOwner(path: string): Owner | undefined {
  try {
    return ownerIn(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** The owner named by the first line of a text. What stands there was written by others: nothing is believed of it. */
export function ownerIn(text: string): Owner | undefined {
  let value: Partial<Record<keyof Owner, unknown>> | null;
  try {
    value = JSON.parse(text.split('\n', 1)[0] as string) as typeof value;
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, start, boot, host, since } = value;
  const strings = [start, boot, host, since].every((each) => typeof each === 'string');
  return strings && Number.isSafeInteger(pid) && (pid as number) > 0 ? (value as Owner) : undefined;
}

export function thisProcess(): Owner {
  const since = new Date().toISOString();
  return { pid: process.pid, start: startOf(process.pid), boot: bootId(), host: hostname(), since };
}

/** False: surely dead. True: alive. Undefined: on another host, nobody here can know. */
export function isAlive(owner: Owner): boolean | undefined {
  if (owner.host !== hostname()) return undefined;
  if (owner.boot !== bootId()) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM: it exists and belongs to somebody else.
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
  }
  return startOf(owner.pid) === owner.start;
}

/** Field 22 of /proc/<pid>/stat; the command's name before it may hold spaces and brackets. A zombie is dead. */
export function startOf(pid: number): string {
  const stat = readOr(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? '' : (fields[19] ?? '');
}

export function bootId(): string {
  return readOr('/proc/sys/kernel/random/boot_id').trim();
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
