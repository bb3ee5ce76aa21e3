/** @file What stages on this machine share: cores and memory. First come, first served, so that a wide stage never starves. */
import type { Stage } from '../pipeline/graph.ts';

export interface Demand {
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
}

/** Kinds that compute use every core by themselves; two of them side by side would only be slower. */
export function demandOf({ resources: { cpus, memory } }: Stage, computes: boolean, total: Demand): Demand {
  return { cpus: cpus > 0 ? cpus : computes ? total.cpus : 1, memory };
}

export interface Tokens {
  /** Calls `start` when there is room. A demand above the machine's total is met by having it alone. */
  request(demand: Demand, start: () => void): void;
  release(demand: Demand): void;
}

export function makeTokens(total: Demand): Tokens {
  const free = { ...total };
  const queue: { readonly demand: Demand; readonly start: () => void }[] = [];
  const capped = ({ cpus, memory }: Demand): Demand => ({
    cpus: Math.min(cpus, total.cpus),
    memory: Math.min(memory, total.memory),
  });

  function pump(): void {
    for (let head = queue[0]; head !== undefined; head = queue[0]) {
      if (head.demand.cpus > free.cpus || head.demand.memory > free.memory) return;
      queue.shift();
      free.cpus -= head.demand.cpus;
      free.memory -= head.demand.memory;
      head.start();
    }
  }

  return {
    request: (demand, start) => {
      queue.push({ demand: capped(demand), start });
      pump();
    },
    release: (demand) => {
      const { cpus, memory } = capped(demand);
      free.cpus += cpus;
      free.memory += memory;
      pump();
    },
  };
}
