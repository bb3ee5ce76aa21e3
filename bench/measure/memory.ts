/** @file Memory of a process and all below it, from /proc (Linux). */
import { readdirSync, readFileSync } from 'node:fs';

export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Resident pages; shared pages count once a process, so a sum over a tree is an upper bound. */
  readonly pages: number;
}

/** Bytes of a page on the platforms that have /proc in this form. */
export const PAGE = 4096;

/** pid, parent and resident pages out of /proc/PID/stat; the name in parentheses may hold anything, even ") ". */
export function processOf(stat: string): Process {
  const end = stat.lastIndexOf(')');
  const pid = Number.parseInt(stat, 10);
  const fields = stat.slice(end + 2).split(' ');
  return { pid, parent: Number(fields[1]), pages: Number(fields[21]) };
}

function processes(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [processOf(readFileSync(`/proc/${name}/stat`, 'utf8'))];
      } catch {
        // It ended between the listing and the read.
        return [];
      }
    });
}

/** Bytes resident in `root` and its descendants among `all`. */
export function treeBytes(root: number, all: readonly Process[]): number {
  const inside = new Set([root]);
  // A child may be listed before its parent, so look until nothing is added.
  for (let before = 0; before !== inside.size; ) {
    before = inside.size;
    for (const one of all) if (inside.has(one.parent)) inside.add(one.pid);
  }
  return all.filter((one) => inside.has(one.pid)).reduce((sum, one) => sum + one.pages * PAGE, 0);
}

export interface Watch {
  /** Highest sum seen, in bytes; undefined where /proc is missing. */
  stop(): number | undefined;
}

/** Samples the tree below `pid` every `every` milliseconds until stopped. */
export function watchMemory(pid: number, every = 200): Watch {
  let peak: number | undefined;
  const look = (): void => {
    try {
      peak = Math.max(peak ?? 0, treeBytes(pid, processes()));
    } catch {
      // No /proc on this platform: the peak stays unknown and is reported as null.
    }
  };
  look();
  const timer = setInterval(look, every);
  return {
    stop: () => {
      clearInterval(timer);
      return peak;
    },
  };
}
