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

/** Groups that the children of a process lead. */
export function groupsUnder(parent: number): number[] {
  return listProcesses().filter((pid) => {
    const { above, group } = fieldsOf(pid);
    return above === parent && group === pid;
  });
}

function runsIn(pid: number, group: number): boolean {
  const { state, group: own } = fieldsOf(pid);
  return own === group && state !== 'Z' && state !== 'X';
}

/** `pid (name) state parent group ...`; a name may hold anything, brackets too. */
function fieldsOf(pid: number): { state: string | undefined; above: number; group: number } {
  const stat = read(`/proc/${pid}/stat`);
  const [state, above, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state, above: Number(above), group: Number(group) };
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
