/** @file On the host: work that must not end in the middle, even when nobody waits for its answer any more. */

const unfinished = new Set<Promise<unknown>>();

export function untilDone<T>(work: Promise<T>): Promise<T> {
  const settled = work.catch(() => {}).finally(() => unfinished.delete(settled));
  unfinished.add(settled);
  return work;
}

/** Resolves when nothing of the kind goes on. */
export async function settled(): Promise<void> {
  while (unfinished.size > 0) await Promise.all(unfinished);
}
