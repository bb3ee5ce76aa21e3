/**
 * @file Who gets which host: first come, first served, so that nothing starves. Whoever waits is passed only by those who
 * could not help it, since they go to other hosts. Pure: hosts are names with a capacity.
 */
import type { Capacity } from './host.ts';

interface Asking {
  readonly name: string;
  readonly demand: Capacity;
  /** Names of hosts that would do, the best first, as far as that is known now. */
  hosts(): readonly string[];
  /** A host has room, and it is taken. */
  go(host: string): void;
}

export interface Room {
  /** Answers the way to ask no more. */
  ask(asking: Asking): () => void;
  /** What runs there already. */
  occupy(name: string, host: string, demand: Capacity): void;
  leave(name: string): void;
  /** Looks again: a host is known, or answers. */
  look(): void;
}

/** Parts of a core, taken and given back, do not add up to what they were. */
const EPSILON = 1e-6;

export function makeRoom(capacityOf: (host: string) => Capacity | undefined): Room {
  const taken = new Map<string, { readonly host: string; readonly demand: Capacity }>();
  const line: Asking[] = [];
  let looking = false;

  function free(host: string): Capacity {
    const { cpus, memory } = capacityOf(host) ?? { cpus: 0, memory: 0 };
    const used = [...taken.values()].filter((each) => each.host === host);
    return {
      cpus: cpus - used.reduce((sum, { demand }) => sum + demand.cpus, 0),
      memory: memory - used.reduce((sum, { demand }) => sum + demand.memory, 0),
    };
  }

  function next(): { readonly asking: Asking; readonly host: string } | undefined {
    const kept = new Set<string>();
    for (const asking of line) {
      const hosts = asking.hosts();
      const host = bestOf(
        hosts.filter((each) => !kept.has(each) && fits(asking.demand, free(each))),
        free,
      );
      if (host !== undefined) return { asking, host };
      for (const each of hosts) kept.add(each);
    }
    return undefined;
  }

  function look(): void {
    // A `go` may come back here: the outer call goes on.
    if (looking) return;
    looking = true;
    try {
      for (let found = next(); found !== undefined; found = next()) {
        const { asking, host } = found;
        line.splice(line.indexOf(asking), 1);
        taken.set(asking.name, { host, demand: asking.demand });
        asking.go(host);
      }
    } finally {
      looking = false;
    }
  }

  return {
    ask: (asking) => {
      line.push(asking);
      look();
      return () => {
        const at = line.indexOf(asking);
        if (at < 0) return;
        line.splice(at, 1);
        look();
      };
    },
    occupy: (name, host, demand) => void taken.set(name, { host, demand }),
    leave: (name) => {
      if (taken.delete(name)) look();
    },
    look,
  };
}

function fits(demand: Capacity, room: Capacity): boolean {
  return demand.cpus <= room.cpus + EPSILON && demand.memory <= room.memory;
}

/** The one with most cores free; of equals the first. */
function bestOf(hosts: readonly string[], free: (host: string) => Capacity): string | undefined {
  let best: string | undefined;
  for (const host of hosts) {
    if (best === undefined || free(host).cpus > free(best).cpus + EPSILON) best = host;
  }
  return best;
}
