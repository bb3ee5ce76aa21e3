/** @file Processes of a project, found by what they were started with: a stage's environment names its folder. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Seen {
  readonly pid: number;
  readonly command: string;
}

/** Living processes whose environment or command line holds `mark`. Linux only. */
export function processesWith(mark: string): Seen[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
      const state = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /s, '')[0];
      if (state === 'Z' || state === 'X') return [];
      const found = command.includes(mark) || readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark);
      return found ? [{ pid, command }] : [];
    } catch {
      return [];
    }
  });
}

/** Ends what is left and names it: empty when everything went by itself in time. */
export async function orphansOf(mark: string, patience: number): Promise<string[]> {
  const deadline = performance.now() + patience;
  for (;;) {
    const left = processesWith(mark);
    if (left.length === 0) return [];
    if (performance.now() > deadline) {
      for (const { pid } of left) kill(pid);
      return left.map(({ command }) => command);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {}
}
