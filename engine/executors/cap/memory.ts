/**
 * @file Holds a stage to the memory that it asked for: all its processes together where the kernel has control groups that we
 * may use, else each process by itself.
 */
import { spawnSync } from 'node:child_process';
import { countKills, findGroups, type Groups, makeGroup, removeGroup, sweepGroups } from './cgroup.ts';

export interface MemoryCap {
  /** `group`: all processes of a stage together; the kernel tells when it killed. `process`: each by itself, and it fails to allocate. */
  readonly of: 'group' | 'process';
  /** Where groups are made, for people. */
  readonly shown: string;
  /** `argv` in words that start it under the limit; throws the system's error where the group cannot be made. */
  hold(argv: readonly string[], bytes: number): Held;
}

export interface Held {
  readonly argv: readonly [string, ...string[]];
  /** After the end. Whether the limit was what killed it. */
  end(): boolean;
}

type Words = readonly [string, ...string[]];

/** It puts itself into the group, and only then becomes the stage: nothing is allocated outside. */
const ENTER = 'echo $$ > "$0/cgroup.procs" || exit 125; exec "$@"';
const LIMIT = 'ulimit -d "$0" || exit 125; exec "$@"';
/** Enough for the shell that tries it. */
const TRIAL = 64 * 2 ** 20;
/** Between two tries to remove a group whose last process is still being buried, and how often. Milliseconds. */
const BURIAL = 100;
const BURIALS = 20;

/** Undefined where the system has no such thing. */
export function findMemoryCap(): MemoryCap | undefined {
  for (const groups of findGroups()) {
    const cap = capByGroups(groups);
    if (!works(cap)) continue;
    sweepGroups(groups);
    return cap;
  }
  const cap = capByProcess();
  return works(cap) ? cap : undefined;
}

function works(cap: MemoryCap): boolean {
  try {
    const held = cap.hold(['true'], TRIAL);
    const [file, ...words] = held.argv;
    const { status } = spawnSync(file, words, { stdio: 'ignore' });
    held.end();
    return status === 0;
  } catch {
    return false;
  }
}

function capByGroups(groups: Groups): MemoryCap {
  return {
    of: 'group',
    shown: `control groups in ${groups.folder}`,
    hold: (argv, bytes) => {
      const group = makeGroup(groups, bytes);
      const words: Words = ['/bin/sh', '-c', ENTER, group, ...argv];
      const end = (): boolean => {
        const killed = countKills(group, groups.version) > 0;
        bury(group, BURIALS);
        return killed;
      };
      return { argv: words, end };
    },
  };
}

/** Kilobytes of data and private mappings. A process that wants more is refused, and says so in its own words. */
function capByProcess(): MemoryCap {
  return {
    of: 'process',
    shown: 'RLIMIT_DATA, for each process by itself',
    hold: (argv, bytes) => ({
      argv: ['/bin/sh', '-c', LIMIT, String(Math.floor(bytes / 1024)), ...argv],
      end: () => false,
    }),
  };
}

function bury(group: string, tries: number): void {
  if (removeGroup(group) || tries === 0) return;
  setTimeout(bury, BURIAL, group, tries - 1).unref();
}
