/** @file What a stage asks for, against what may be leased. */
import type { Resources } from '../../pipeline/graph.ts';
import type { ExecutorFault } from '../contract.ts';
import type { Detected, Gpu } from './gpu.ts';
import type { Leasable } from './visible.ts';

export type Wanted = Pick<Resources, 'gpus' | 'gpuMemory' | 'gpuType'>;

/**
 * Those that would do, the smallest first, so that what is large stays free for those who need it. A process sees one
 * slice of a GPU at most: a slice is a GPU of its own for whoever asks for one, and nothing for whoever asks for two.
 */
export function eligibleGpus({ gpus, gpuMemory, gpuType }: Wanted, leasable: readonly Gpu[]): Gpu[] {
  const type = gpuType?.toLowerCase();
  return leasable
    .filter(
      ({ memory, name, part }) =>
        (part === undefined || gpus === 1) &&
        memory >= gpuMemory &&
        (type === undefined || name.toLowerCase().includes(type)),
    )
    .sort((a, b) => a.memory - b.memory || a.index - b.index);
}

/** Why such a request can never be met there; undefined when it can. `place`: `this machine`, `gpu1`. */
export function refusal(
  wanted: Wanted,
  { gpus: leasable, hidden }: Leasable,
  { gpus: all, trouble }: Detected,
  place: string,
): ExecutorFault | undefined {
  const eligible = eligibleGpus(wanted, leasable);
  if (eligible.length >= wanted.gpus) return undefined;
  const told = { command: trouble?.command, output: trouble?.output, passing: trouble?.passing ?? false };
  const asks = `It asks for ${shownWanted(wanted)}`;
  if (all.length === 0 && trouble !== undefined && !trouble.none) {
    const message = `${asks}, and the GPUs of ${place} are not known (${trouble.why}).`;
    return { code: 'gpus-unknown', message, hint: 'see what nvidia-smi says there', ...told };
  }
  const slices = wanted.gpus > 1 ? leasable.filter(({ part }) => part !== undefined).length : 0;
  const others = leasable.length - eligible.length - slices;
  const reasons = [
    ...(others > 0 ? [`${others} of another type or with less memory`] : []),
    ...(slices > 0
      ? [`${slices} ${slices === 1 ? 'is a slice' : 'are slices'}, of which a process sees one`]
      : []),
    ...hidden,
    ...(trouble === undefined ? [] : [trouble.why]),
  ];
  const why = reasons.length > 0 ? ` (${reasons.join('; ')})` : '';
  const message = `${asks}, and ${place} has ${eligible.length === 0 ? 'none' : eligible.length}${why}.`;
  const hint = 'ask for fewer, or use a profile of a machine that has them';
  return { code: 'gpus-too-many', message, hint, ...told };
}

/** `2 GPUs`, `1 GPU "a100" with 40 GiB` */
function shownWanted({ gpus, gpuMemory, gpuType }: Wanted): string {
  const type = gpuType === undefined ? '' : ` ${JSON.stringify(gpuType)}`;
  const memory = gpuMemory === 0 ? '' : ` with ${Number((gpuMemory / 2 ** 30).toFixed(1))} GiB`;
  return `${gpus} GPU${gpus === 1 ? '' : 's'}${type}${memory}${gpus > 1 && memory !== '' ? ' each' : ''}`;
}
