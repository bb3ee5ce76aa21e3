/** @file A folder of the kernel's for the processes of one stage, in which they may use so much memory together. */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Where groups can be made, and how their limits are written there. */
export interface Groups {
  readonly folder: string;
  readonly version: 1 | 2;
}

const PREFIX = 'warren-';

/** Where a process of ours may be put into a group with a memory limit; the own group first, then those above it. */
export function findGroups(): Groups[] {
  const found: Groups[] = [];
  for (const [version, line] of [
    [2, /^0::(.*)$/m],
    [1, /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m],
  ] as const) {
    const own = line.exec(read('/proc/self/cgroup'))?.[1];
    const mount = mountOf(version);
    if (own === undefined || mount === undefined) continue;
    const top = mount.at;
    for (let at = join(top, relative(mount.root, own)); at.startsWith(top); at = dirname(at)) {
      // A limit can only be set where the group above hands the controller down.
      const hands = version === 1 || /\bmemory\b/.test(read(join(at, 'cgroup.subtree_control')));
      if (hands) found.push({ folder: at, version });
    }
  }
  return found;
}

/** A new group; throws the system's error where that may not be. */
export function makeGroup({ folder, version }: Groups, bytes: number): string {
  const path = join(folder, `${PREFIX}${process.pid}-${process.hrtime.bigint()}`);
  mkdirSync(path);
  try {
    if (version === 2) {
      writeFileSync(join(path, 'memory.max'), String(bytes));
      writeQuietly(join(path, 'memory.swap.max'), '0');
      // Who dies takes the others with it: half a stage is no use.
      writeQuietly(join(path, 'memory.oom.group'), '1');
    } else {
      writeFileSync(join(path, 'memory.limit_in_bytes'), String(bytes));
      writeQuietly(join(path, 'memory.memsw.limit_in_bytes'), String(bytes));
    }
  } catch (error) {
    removeGroup(path);
    throw error;
  }
  return path;
}

/** Whether the kernel killed in it because of the limit. */
export function countKills(group: string, version: 1 | 2): number {
  const text = read(join(group, version === 2 ? 'memory.events' : 'memory.oom_control'));
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
}

/** False while somebody is in it. */
export function removeGroup(group: string): boolean {
  try {
    rmdirSync(group);
    return true;
  } catch {
    return false;
  }
}

/** What killed engines left: groups with nobody in them. */
export function sweepGroups({ folder }: Groups): void {
  for (const name of namesIn(folder)) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-\\d+$`).exec(name)?.[1];
    if (pid !== undefined && !lives(Number(pid))) removeGroup(join(folder, name));
  }
}

/** Of the file system, and which of its folders is mounted there: inside a container that is not the top. */
function mountOf(version: 1 | 2): { readonly at: string; readonly root: string } | undefined {
  for (const line of read('/proc/self/mountinfo').split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root = '/', at = ''] = before.split(' ');
    const [type, , options = ''] = after.split(' ');
    const fits =
      version === 2 ? type === 'cgroup2' : type === 'cgroup' && options.split(',').includes('memory');
    if (fits) return { at, root };
  }
  return undefined;
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function writeQuietly(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch {}
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
