/** @file What a job of this machine finds in its environment about GPUs. */
import type { GpuGrant } from '../contract.ts';

/**
 * UUIDs mean the same to everybody; the order is for tools that count by themselves. Who asked for none sees none: a GPU that
 * is leased to another stage must not be taken by accident. `env:` and `pass_env:` of such a stage have the last word.
 */
export function gpuVariables(
  grant: Pick<GpuGrant, 'visible'> | undefined,
  env: { readonly [name: string]: string },
): { [name: string]: string } {
  if (grant === undefined) return 'CUDA_VISIBLE_DEVICES' in env ? {} : { CUDA_VISIBLE_DEVICES: '' };
  return { CUDA_VISIBLE_DEVICES: grant.visible, CUDA_DEVICE_ORDER: 'PCI_BUS_ID' };
}
