/** @file Why a stage does not have its GPUs yet, as people are told. */
import { type Gpu, shownGpu } from './gpu.ts';
import type { Look } from './lease.ts';
import type { Ticket } from './tickets.ts';
import { eligibleGpus, type Wanted } from './wanted.ts';

/** GPUs that are named. */
const MOST = 8;

/** `2 GPUs; GPU 0 held by train (process 4711), GPU 1 used by python3 (process 99); 1 before it` */
export function whyNot(
  wanted: Wanted,
  number: number,
  leasable: readonly Gpu[],
  { free, holderOf }: Pick<Look, 'free' | 'holderOf'>,
  strangers: ReadonlyMap<string, string>,
  line: readonly Ticket[],
): string {
  const busy = eligibleGpus(wanted, leasable)
    .sort((a, b) => a.index - b.index)
    .flatMap((gpu) => {
      const stranger = strangers.get(gpu.uuid);
      if (stranger !== undefined) return [`${shownGpu(gpu)} ${stranger}`];
      if (free.has(gpu.uuid)) return [];
      const holder = holderOf(gpu.uuid);
      const by = holder === undefined ? 'another process' : `${holder.label} (process ${holder.pid})`;
      return [`${shownGpu(gpu)} held by ${by}`];
    });
  const before = line.filter((each) => each.ready && each.number < number).length;
  return [
    `${wanted.gpus} GPU${wanted.gpus === 1 ? '' : 's'}`,
    busy.slice(0, MOST).join(', '),
    ...(busy.length > MOST ? [`${busy.length - MOST} other GPUs are taken`] : []),
    ...(before > 0 ? [`${before} waited longer`] : []),
  ]
    .filter((part) => part !== '')
    .join('; ');
}
