/** @file Processes of this machine as `/proc` shows them; where there is none, only what signals tell. */
import { readdirSync, readFileSync } from 'node:fs';

/** False when there is nobody to send to. A negative number is a group. */
export function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** Whether anything in the group still runs: what has ended and nobody has waited for does not count. */
export function isGroupAlive(group: number): boolean {
  if (!send(-group, 0)) return false;
  const processes = listProcesses();
  return processes.length === 0 || processes.some((pid) => runsIn(pid, group));
}

/** Processes with this text in their environment. */
export function processesMarked(mark: string): number[] {
  return listProcesses().filter((pid) => read(`/proc/${pid}/environ`).includes(mark));
}

function runsIn(pid: number, group: number): boolean {
  // `pid (name) state parent group ...`; a name may hold anything, brackets too.
  const stat = read(`/proc/${pid}/stat`);
  const [state, , own] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(own) === group && state !== 'Z' && state !== 'X';
}

function listProcesses(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
