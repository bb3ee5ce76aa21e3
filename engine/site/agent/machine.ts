/** @file This machine, and its processes by more than their number. */
import { readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, cpus, homedir, hostname, totalmem } from 'node:os';
import { thisMachine } from '../machine.ts';
import type { HostFacts, ProcessName } from '../requests.ts';

export function hostFacts(root: string): HostFacts {
  const { bavail, bsize } = statfsSync(root);
  return {
    ...thisMachine(),
    hostname: hostname(),
    home: homedir(),
    cores: availableParallelism(),
    memory: totalmem(),
    cpu: (cpus()[0]?.model ?? 'unknown').slice(0, 256),
    free: bavail * bsize,
    boot: bootId(),
  };
}

export function bootId(): string {
  return read('/proc/sys/kernel/random/boot_id').trim();
}

/** A process by its number, and when it began: numbers come again. */
export function processName(pid: number): ProcessName {
  return { pid, start: startOf(pid), boot: bootId() };
}

/** Field 22 of its `stat`; empty for one that has ended. The name before it may hold anything, brackets too. */
function startOf(pid: number): string {
  const stat = read(`/proc/${pid}/stat`);
  const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? '' : (rest[18] ?? '');
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
