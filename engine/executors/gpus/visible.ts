/** @file Which of the machine's GPUs this engine may lease: an outer `CUDA_VISIBLE_DEVICES`, then the profile's choice. */
import type { LocalSettings } from '../settings.ts';
import type { Gpu } from './gpu.ts';

export interface Leasable {
  readonly gpus: readonly Gpu[];
  /** Why others are not among them, as clauses. */
  readonly hidden: readonly string[];
}

export function leasableGpus(
  all: readonly Gpu[],
  outer: string | undefined,
  chosen: LocalSettings['gpus'] = 'all',
): Leasable {
  const hidden: string[] = [];
  const visible = outer === undefined ? all : visibleGpus(all, outer);
  if (visible.length < all.length) hidden.push(`CUDA_VISIBLE_DEVICES hides ${all.length - visible.length}`);
  if (chosen === 'all') return { gpus: visible, hidden };
  const words = chosen === 'none' ? [] : chosen;
  const taken = new Set(words.flatMap((word) => named(all, word)));
  const gpus = visible.filter((gpu) => taken.has(gpu));
  if (gpus.length < visible.length) hidden.push(`its profile leaves out ${visible.length - gpus.length}`);
  const unknown = words.filter((word) => named(all, word).length === 0);
  if (unknown.length > 0) hidden.push(`its profile names ${unknown.join(', ')}, which is not there`);
  return { gpus, hidden };
}

/** As CUDA reads it: the first entry that names nothing ends the list. */
export function visibleGpus(all: readonly Gpu[], value: string): Gpu[] {
  const visible = new Set<Gpu>();
  for (const word of value.split(',')) {
    const found = named(all, word.trim());
    if (found.length === 0) break;
    for (const gpu of found) visible.add(gpu);
  }
  return all.filter((gpu) => visible.has(gpu));
}

/**
 * An index, a UUID or the beginning of one that only one has. A GPU in MIG mode stands for its slices. Indices are those
 * of `nvidia-smi`; CUDA counts alike unless models differ, which is why jobs are given UUIDs.
 */
function named(all: readonly Gpu[], word: string): readonly Gpu[] {
  if (/^\d+$/.test(word)) return all.filter(({ index }) => index === Number(word));
  if (!/^(?:GPU|MIG)-./.test(word)) return [];
  const parts = all.filter(({ part }) => part?.startsWith(word));
  const found = all.filter(({ uuid }) => uuid === word);
  const begun = found.length > 0 ? found : all.filter(({ uuid }) => uuid.startsWith(word));
  if (begun.length === 1) return begun;
  return begun.length === 0 && new Set(parts.map(({ part }) => part)).size === 1 ? parts : [];
}
