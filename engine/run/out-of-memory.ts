/** @file Signs that memory ran out: what the kernel counts, and what runtimes print when they give up. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Processes that the kernel killed for memory so far, here and on the whole machine; undefined where it does not say. */
export function countOomKills(): number | undefined {
  const counts = [join(cgroupFolder(), 'memory.events'), '/proc/vmstat'].flatMap((file) => {
    const count = /^oom_kill (\d+)$/m.exec(read(file))?.[1];
    return count === undefined ? [] : [Number(count)];
  });
  return counts.length === 0 ? undefined : Math.max(...counts);
}

let cgroup: string | undefined;

/** Of the second version alone: the first counts elsewhere, and then the machine's own count is what there is. */
function cgroupFolder(): string {
  cgroup ??= join('/sys/fs/cgroup', /^0::(.*)$/m.exec(read('/proc/self/cgroup'))?.[1] ?? '');
  return cgroup;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** The last words of node, Python, PyTorch and onnxruntime. */
const LAST_WORDS =
  /JavaScript heap out of memory|^(?:torch\.(?:cuda\.)?)?OutOfMemoryError\b|^(?:numpy\..*_Array)?MemoryError\b|\bCUDA out of memory\b|\bstd::bad_alloc\b/;

export function saysOutOfMemory(line: string): boolean {
  return LAST_WORDS.test(line);
}
