/** @file What the stages of a run share: cores, memory, and the pipeline's named tokens. */
import type { Lease } from '../executors/gpus/lease.ts';
import type { GpuPool } from '../executors/gpus/pool.ts';
import type { Wanted } from '../executors/gpus/wanted.ts';
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

/** GPUs that a stage needs besides; they are shared with the other engines of the machine. */
export interface GpuAsk {
  readonly pool: Pick<GpuPool, 'join' | 'look'>;
  readonly wanted: Wanted;
  /** Told to those who wait for it. */
  readonly label: string;
  /** Why it has none yet. */
  readonly waits: (why: string) => void;
  /** Aborted: it waits no longer, and is started without any. */
  readonly stop: AbortSignal;
}

export interface Tokens {
  /**
   * Calls `start` when there is room; `held` at once if only named tokens are missing. A demand above the machine's
   * total is met by having it alone. With `gpus`, `start` is given the lease, which the caller gives back.
   */
  request(
    demand: Demand,
    start: (lease?: Lease) => void,
    held?: (names: readonly string[]) => void,
    gpus?: GpuAsk,
  ): void;
  release(demand: Demand): void;
}

/** Parts of a core, taken and given back, do not add up to what they were. */
const EPSILON = 1e-6;

interface Request {
  readonly demand: Demand;
  readonly start: (lease?: Lease) => void;
  readonly gpus: GpuAsk | undefined;
  /**
   * Of one that needs GPUs. `short`: there are none for it, and all may pass. `offered`: there were some when it had no
   * room, so it is in line like any other. `asked`: it has room, and the leases are looked at.
   */
  gpuState: 'short' | 'offered' | 'asked';
}

/**
 * First come, first served, so that nothing starves: who waits for cores or memory is passed only by those who ask for
 * none, and the named tokens of who waits are kept for it. All three matter: all who run here ask for cores, so while
 * the oldest waits for them what it needs besides can only become more.
 *
 * Who waits for GPUs holds nothing and keeps nothing. When it could have them it takes all in the same turn, or, if there
 * is no room for it then, it leaves them where they are and is passed by nobody here until there is: so no engine ever
 * holds GPUs while it waits for cores, nor cores while it waits for GPUs.
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

  /** The first in line for which there is room; of one that is `asked` about: it, or nobody. */
  function first(about?: Request): Request | undefined {
    const kept = new Map<string, number>();
    let { cpus: cpusLeft, memory: memoryLeft } = free;
    let memoryShort = false;
    let coresShort = false;
    for (const request of queue) {
      if (request.gpus !== undefined && request.gpuState === 'short' && request !== about) continue;
      const { cpus, memory, limits } = request.demand;
      const names = Object.entries(limits);
      const keep = (): void => {
        for (const [name, n] of names) kept.set(name, (kept.get(name) ?? 0) + n);
      };
      coresShort ||= cpus > cpusLeft + EPSILON;
      // With thousands in line the rest is looked at only if somebody in it could pass.
      if (coresShort && coreless === 0) return undefined;
      if (coresShort && cpus > 0) {
        if (request === about) return undefined;
        keep();
        continue;
      }
      const hasMemory: boolean = memory <= memoryLeft && !(memoryShort && memory > 0);
      const hasLimits = names.every(([name, n]) => n + (kept.get(name) ?? 0) <= (free.limits[name] ?? 0));
      const hasRoom = hasMemory && hasLimits;
      if (request === about) return hasRoom ? request : undefined;
      if (hasRoom && request.gpuState !== 'asked' && about === undefined) return request;
      if (hasRoom) {
        // Its room is kept until its leases were looked at.
        cpusLeft -= cpus;
        memoryLeft -= memory;
      }
      memoryShort ||= !hasMemory;
      keep();
    }
    return undefined;
  }

  function begin(request: Request, lease?: Lease): void {
    queue.splice(queue.indexOf(request), 1);
    if (request.demand.cpus === 0) coreless -= 1;
    add(request.demand, -1);
    request.start(lease);
  }

  function pump(): void {
    // A start that ends at once releases, and so comes back here: the outer call goes on with what it left.
    if (pumping) return;
    pumping = true;
    try {
      for (let request = first(); request !== undefined; request = first()) {
        if (request.gpus === undefined) begin(request);
        else {
          request.gpuState = 'asked';
          request.gpus.pool.look();
        }
      }
    } finally {
      pumping = false;
    }
  }

  function joinLine(request: Request, { pool, wanted, label, waits, stop }: GpuAsk): void {
    const become = (state: Request['gpuState']): void => {
      const news = request.gpuState !== state;
      request.gpuState = state;
      if (news) pump();
    };
    const leave = pool.join({
      wanted,
      label,
      ready: () => first(request) !== undefined,
      start: (lease) => {
        stop.removeEventListener('abort', giveUp);
        begin(request, lease);
      },
      offered: () => become('offered'),
      waits: (why) => {
        waits(why);
        become('short');
      },
    });
    function giveUp(): void {
      leave();
      begin(request);
    }
    stop.addEventListener('abort', giveUp, { once: true });
  }

  return {
    request: (demand, start, held, gpus) => {
      const request: Request = { demand: capped(demand), start, gpus, gpuState: 'short' };
      queue.push(request);
      if (request.demand.cpus === 0) coreless += 1;
      if (gpus !== undefined) {
        if (gpus.stop.aborted) begin(request);
        else joinLine(request, gpus);
        return;
      }
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
