/** @file What is known of this machine. Imports little: the answer from a seal may ask for it. */
import { arch, cpus, platform } from 'node:os';
import type { HardwareFact } from '../pipeline/graph.ts';

export type Machine = { readonly [F in HardwareFact]: string };

let machine: Machine | undefined;

export function thisMachine(): Machine {
  machine ??= { cpu_model: cpus()[0]?.model ?? 'unknown', arch: arch(), platform: platform() };
  return machine;
}
