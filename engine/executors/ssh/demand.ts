/** @file What an attempt takes of a host, and whether the host can ever give it. */

import type { Resources } from '../../pipeline/graph.ts';
import type { ExecutorFault } from '../contract.ts';
import type { Order } from '../site.ts';
import { gibibytes } from '../sizes.ts';
import type { Capacity, Host } from './host.ts';
import type { GpuAsk } from './requests.ts';

/** As at home: what computes and asks for no number takes all cores. */
export function demandOf(
  { resources, computes }: Pick<Order, 'resources' | 'computes'>,
  { cpus }: Capacity,
): Capacity {
  const all = computes && resources.gpus === 0 ? cpus : 1;
  return { cpus: resources.cpus > 0 ? resources.cpus : all, memory: resources.memory };
}

export function gpusOf({ settings, name }: Host, { gpus, gpuMemory, gpuType }: Resources): GpuAsk {
  const { gpus: chosen = 'all' } = settings;
  return { gpus, gpuMemory, gpuType, chosen: typeof chosen === 'string' ? [chosen] : chosen, place: name };
}

/** Undefined: it can. Of GPUs the host itself is asked. */
export function neverFits(
  { name }: Host,
  { cpus, memory }: Capacity,
  resources: Resources,
): ExecutorFault | undefined {
  const hint = 'ask for less, or name a larger host in the profile';
  const refused = (code: string, message: string): ExecutorFault => ({ code, message, hint, passing: false });
  if (resources.nodes > 1) {
    const message = `It asks for ${resources.nodes} nodes, and hosts without a scheduler run a stage on one.`;
    return { code: 'no-gang', message, hint: 'use a profile of slurm', passing: false };
  }
  if (resources.cpus > cpus) {
    return refused('too-many-cpus', `It asks for ${resources.cpus} cores, and ${name} has ${cpus}.`);
  }
  if (resources.memory > memory) {
    return refused(
      'too-much-memory',
      `It asks for ${gibibytes(resources.memory)} GiB, and ${name} has ${gibibytes(memory)} GiB.`,
    );
  }
  return undefined;
}
