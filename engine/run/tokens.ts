/** @file What the stages of a run share: cores, memory, and the pipeline's named tokens. */
import type { Stage } from '../pipeline/graph.ts';

export interface Demand {
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  /** Named tokens (`limits:`). */
  readonly limits: { readonly [name: string]: number };
}

/** Kinds that compute use every core by themselves; two of them side by side would only be slower. */
export function demandOf(
  { resources: { cpus, memory }, limits }: Pick<Stage, 'resources' | 'limits'>,
  computes: boolean,
  total: Demand,
): Demand {
  return { cpus: cpus > 0 ? cpus : computes ? total.cpus : 1, memory, limits };
}

export interface Tokens {
  /**
   * Calls `start` when there is room; `held` at once if only named tokens are missing. A demand above the machine's
   * total is met by having it alone.
   */
  request(demand: Demand, start: () => void, held?: (names: readonly string[]) => void): void;
  release(demand: Demand): void;
}

/** Parts of a core, taken and given back, do not add up to what they were. */
const EPSILON = 1e-6;

interface Request {
  readonly demand: Demand;
  readonly start: () => void;
}

/**
 * First come, first served, so that nothing starves: who waits for cores or memory is passed only by those who ask for
 * none, and the named tokens of who waits are kept for it. All three matter: all who run here ask for cores, so while
 * the oldest waits for them what it needs besides can only become more.
 */
export function makeTokens(total: Demand): Tokens {
  const free = { cpus: total.cpus, memory: total.memory, limits: { ...total.limits } };
  const queue: Request[] = [];
  /** How many in line ask for no core. */
  let coreless = 0;
  let pumping = false;
  const capped = ({ cpus, memory, limits }: Demand): Demand => ({
    cpus: Math.min(cpus, total.cpus),
    memory: Math.min(memory, total.memory),
    limits,
  });

  function add(demand: Demand, sign: 1 | -1): void {
    free.cpus += sign * demand.cpus;
    free.memory += sign * demand.memory;
    for (const [name, count] of Object.entries(demand.limits)) {
      free.limits[name] = (free.limits[name] ?? 0) + sign * count;
    }
  }

  /** The first in line that may start now. */
  function next(): Request | undefined {
    const kept = new Map<string, number>();
    let memoryShort = false;
    let coresShort = false;
    for (const [at, request] of queue.entries()) {
      const { cpus, memory, limits } = request.demand;
      const names = Object.entries(limits);
      const keep = (): void => {
        for (const [name, n] of names) kept.set(name, (kept.get(name) ?? 0) + n);
      };
      coresShort ||= cpus > free.cpus + EPSILON;
      // With thousands in line the rest is looked at only if somebody in it could pass.
      if (coresShort && coreless === 0) return undefined;
      if (coresShort && cpus > 0) {
        keep();
        continue;
      }
      const hasMemory: boolean = memory <= free.memory && !(memoryShort && memory > 0);
      const hasLimits = names.every(([name, n]) => n + (kept.get(name) ?? 0) <= (free.limits[name] ?? 0));
      if (hasMemory && hasLimits) {
        queue.splice(at, 1);
        if (cpus === 0) coreless -= 1;
        return request;
      }
      memoryShort ||= !hasMemory;
      keep();
    }
    return undefined;
  }

  function pump(): void {
    // A start that ends at once releases, and so comes back here: the outer call goes on with what it left.
    if (pumping) return;
    pumping = true;
    try {
      for (let request = next(); request !== undefined; request = next()) {
        add(request.demand, -1);
        request.start();
      }
    } finally {
      pumping = false;
    }
  }

  return {
    request: (demand, start, held) => {
      const request = { demand: capped(demand), start };
      queue.push(request);
      if (request.demand.cpus === 0) coreless += 1;
      pump();
      if (held === undefined || !queue.includes(request) || request.demand.cpus > free.cpus + EPSILON) return;
      const names = Object.entries(demand.limits)
        .filter(([name, count]) => count > (free.limits[name] ?? 0))
        .map(([name]) => name);
      if (names.length > 0) held(names);
    },
    release: (demand) => {
      add(capped(demand), 1);
      pump();
    },
  };
}
