/** @file Why a stage does not have its GPUs yet, as people are told. */
import { type Gpu, shownGpu } from './gpu.ts';
import type { Look } from './lease.ts';
import type { Ticket } from './tickets.ts';
import { eligibleGpus, type Wanted } from './wanted.ts';

/** Reasons that are told. */
const MOST = 8;

/** `3 GPUs; GPU 0, GPU 1 held by train (process 4711); GPU 2 used by python3 (process 99); 1 waited longer` */
export function whyNot(
  wanted: Wanted,
  number: number,
  leasable: readonly Gpu[],
  { free, holderOf }: Pick<Look, 'free' | 'holderOf'>,
  strangers: ReadonlyMap<string, string>,
  line: readonly Ticket[],
): string {
  const reasons = new Map<string, string[]>();
  for (const gpu of eligibleGpus(wanted, leasable).sort((a, b) => a.index - b.index)) {
    const stranger = strangers.get(gpu.uuid);
    if (stranger === undefined && free.has(gpu.uuid)) continue;
    const holder = holderOf(gpu.uuid);
    const held = holder === undefined ? 'another process' : `${holder.label} (process ${holder.pid})`;
    const reason = stranger ?? `held by ${held}`;
    reasons.set(reason, [...(reasons.get(reason) ?? []), shownGpu(gpu)]);
  }
  const busy = [...reasons].map(([reason, gpus]) => `${gpus.join(', ')} ${reason}`);
  const before = line.filter((each) => each.ready && each.number < number).length;
  return [
    `${wanted.gpus} GPU${wanted.gpus === 1 ? '' : 's'}`,
    ...busy.slice(0, MOST),
    ...(busy.length > MOST ? [`${busy.length - MOST} others have the rest`] : []),
    ...(before > 0 ? [`${before} waited longer`] : []),
  ].join('; ');
}
