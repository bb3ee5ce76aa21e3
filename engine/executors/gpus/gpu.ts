/** @file What can be leased: whole GPUs, and the slices of those that run in MIG mode. */

export interface Gpu {
  /** `GPU-...`, or `MIG-...` for a slice. */
  readonly uuid: string;
  /** As `nvidia-smi` counts; of a slice, its GPU's. */
  readonly index: number;
  readonly name: string;
  /** Bytes; 0 where the driver does not say. */
  readonly memory: number;
  /** Of a slice: the GPU that it is part of. */
  readonly part?: string | undefined;
}

/** What the machine said about its GPUs. */
export interface Detected {
  /** In order of their index. A GPU in MIG mode is not among them, its slices are. */
  readonly gpus: readonly Gpu[];
  /** Why there are none, or fewer than there may be. */
  readonly trouble?: Trouble | undefined;
}

export interface Trouble {
  /** A clause: `nvidia-smi was not found`. */
  readonly why: string;
  /** There is nothing to mend: the machine has no GPUs. */
  readonly none: boolean;
  /** The same question may be answered later. */
  readonly passing: boolean;
  readonly command?: string | undefined;
  readonly output?: string | undefined;
}

/** What is going on on the GPUs, whoever does it. */
export interface Usage {
  /** Bytes in use, where the driver says, by UUID. */
  readonly used: ReadonlyMap<string, number>;
  /** Processes that compute; those of a slice are named with its GPU. */
  readonly apps: readonly App[];
}

export interface App {
  readonly uuid: string;
  readonly pid: number;
  readonly name: string;
}

/** `GPU 0`, `GPU 0 (MIG 3g.20gb)`: as people name it. */
export function shownGpu({ index, name, part }: Gpu): string {
  return part === undefined ? `GPU ${index}` : `GPU ${index} (${name})`;
}
