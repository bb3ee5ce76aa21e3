/** @file GPUs that are free by their leases and used all the same: by programs that know nothing of leases. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { lockName } from './folder.ts';
import type { App, Gpu, Usage } from './gpu.ts';
import { printable } from './holder.ts';

/** What a screen or a driver takes is no work. Of the memory. */
const IDLE = 0.5;
const GIB = 2 ** 30;
const ANCESTORS = 20;

/** Who uses those of the free ones that are used, as a clause by UUID. */
export function strangersOn(
  gpus: readonly Gpu[],
  free: ReadonlySet<string>,
  { used, apps }: Usage,
  folder: string,
): Map<string, string> {
  const found = new Map<string, string>();
  for (const gpu of gpus) {
    if (!free.has(gpu.uuid)) continue;
    const app = apps.find((each) => isOn(each, gpu) && !isSibling(each, gpu, gpus, free, folder));
    const bytes = used.get(gpu.uuid) ?? 0;
    if (app !== undefined) found.set(gpu.uuid, `used by ${shownApp(app)}`);
    else if (gpu.memory > 0 && bytes > IDLE * gpu.memory) {
      found.set(gpu.uuid, `used by others (${(bytes / GIB).toFixed(1)} GiB)`);
    }
  }
  return found;
}

/** Whether it has the memory that is asked for beside what others use of it. */
export function hasRoom({ uuid, memory }: Gpu, wanted: number, usage: Usage | undefined): boolean {
  const used = usage?.used.get(uuid) ?? 0;
  return used < GIB || memory - used >= wanted;
}

function shownApp({ pid, name }: App): string {
  return printable(`${basename(name) || 'a process'} (process ${pid === 0 ? 'of a container' : pid})`);
}

/** A driver names a process of a slice with the whole GPU. */
function isOn({ uuid }: App, gpu: Gpu): boolean {
  return uuid === gpu.uuid || uuid === gpu.part;
}

/** Works on another slice of the same GPU: it, or one that started it, holds that lease. */
function isSibling(
  { uuid, pid }: App,
  gpu: Gpu,
  gpus: readonly Gpu[],
  free: ReadonlySet<string>,
  folder: string,
): boolean {
  if (uuid !== gpu.part || pid === 0) return false;
  const leased = gpus.filter((each) => each.part === gpu.part && !free.has(each.uuid));
  const locks = new Set(leased.map((each) => join(folder, lockName(each.uuid))));
  let at = pid;
  for (let steps = 0; at > 1 && steps < ANCESTORS && locks.size > 0; steps += 1) {
    if (openFiles(at).some((path) => locks.has(path))) return true;
    at = parentOf(at);
  }
  return false;
}

function openFiles(pid: number): string[] {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).map((fd) => readlinkSync(join(folder, fd)));
  } catch {
    return [];
  }
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}
