import { statfsSync } from 'node:fs';
import { availableParallelism, cpus, homedir, hostname, totalmem } from 'node:os';
import { thisMachine } from '../machine.ts';
import type { HostFacts } from '../requests.ts';

/** What this machine has. */
export function hostFacts(root: string): HostFacts {
  const { bavail, bsize } = statfsSync(root);
  return {
    ...thisMachine(),
    hostname: hostname(),
    home: homedir(),
    cores: availableParallelism(),
    memory: totalmem(),
    cpu: (cpus()[0]?.model ?? 'unknown').slice(0, 256),
    free: bavail * bsize,
  };
}
