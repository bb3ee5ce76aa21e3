/** @file Which host an attempt goes to: one that can ever take it, answers, and has room for it now. */
import { setTimeout as sleep } from 'node:timers/promises';
import { err, ok, type Result } from '../../../base/result.ts';
import type { ExecutorFault } from '../contract.ts';
import type { Order, PrepareFault } from '../site.ts';
import { demandOf, neverFits } from './demand.ts';
import type { Capacity, Host } from './host.ts';
import { hostsWithGpus, leaveLines, reserve } from './lines.ts';
import type { Room } from './room.ts';

/** Milliseconds that one which does not answer is waited for: where another would do, and where none ever answered. */
const PATIENCE = 30_000;
const FIRST_WAIT = 500;
const MOST_WAIT = 10_000;

export type Choose = (
  order: Order,
  waits: (why: string) => void,
  stop: AbortSignal,
) => Promise<Result<Host, PrepareFault>>;

interface Judged {
  readonly host: Host;
  /** Why it cannot be it, ever or now. */
  readonly fault: ExecutorFault | undefined;
}

export function makeChooser(profile: string, hosts: readonly Host[], room: Room): Choose {
  return async (order, waits, stop) => {
    const began = performance.now();
    for (let wait = FIRST_WAIT; ; wait = Math.min(wait * 2, MOST_WAIT)) {
      for (const host of hosts) if (host.known() === undefined) void host.ask().then(room.look);
      await firstKnown(hosts, stop);
      if (stop.aborted) return err({ kind: 'stopped' });
      const late = performance.now() - began > PATIENCE;
      const givenUp = late && !hosts.some((host) => host.met());
      const judged = hosts.map((host): Judged => ({ host, fault: faultOf(host, order) }));
      const isUsable = judged.some(({ fault }) => fault === undefined);
      const wished = judged.find(({ host }) => host.name === order.host);
      const comesBack = wished?.fault?.passing === true && !late;
      if (isUsable && !comesBack) {
        const bound = wished?.fault === undefined ? wished?.host : undefined;
        return enter(order, bound, waits, stop);
      }
      const silent = comesBack ? wished : judged.find(({ fault }) => fault?.passing === true);
      if (silent?.fault === undefined || (givenUp && !comesBack)) return err(noHost(profile, judged));
      waits(silent.host.silent(silent.fault));
      await sleep(wait, undefined, { signal: stop }).catch(() => undefined);
      await Promise.all(judged.map(({ host, fault }) => (fault?.passing ? host.ask() : undefined)));
    }
  };

  async function enter(
    order: Order,
    bound: Host | undefined,
    waits: (why: string) => void,
    stop: AbortSignal,
  ): Promise<Result<Host, PrepareFault>> {
    const never = new Map<Host, string>();
    // One that answers late will do as well.
    const usable = (): readonly Host[] =>
      bound === undefined ? hosts.filter((host) => faultOf(host, order) === undefined) : [bound];
    const candidates = (): readonly Host[] => {
      const able = usable().filter((host) => !never.has(host));
      const rather = able.filter(({ name }) => name !== order.avoid);
      return rather.length > 0 ? rather : able;
    };
    const busy = (): void => {
      const names = candidates().map(({ name }) => `${profile}/${name}`);
      waits(`${names.join(', ')} ${names.length > 1 ? 'are' : 'is'} busy`);
    };
    const needsGpus = order.resources.gpus > 0;
    const wish = { profile, order, never };
    for (;;) {
      if (needsGpus) {
        const held = await hostsWithGpus(wish, usable, waits, stop);
        if (!held.ok) return held;
        const host = roomNow(order, held.value, candidates());
        leaveLines(
          held.value.filter((each) => each !== host),
          order.name,
        );
        if (host !== undefined) return ok(host);
      }
      // Whoever waits for cores holds no GPUs meanwhile: others can have them.
      const host = await untilRoom(order, candidates, busy, stop);
      if (host === undefined) return err({ kind: 'stopped' });
      if (!needsGpus || (await reserve(wish, host)) === 'granted') return ok(host);
      room.leave(order.name);
    }
  }

  /** Takes room on the best of the first that are also among the others, if there is any at once. */
  function roomNow(order: Order, held: readonly Host[], others: readonly Host[]): Host | undefined {
    const rather = held.filter((host) => others.includes(host));
    const able = rather.length > 0 ? rather : held;
    let taken: Host | undefined;
    const leave = room.ask({
      name: order.name,
      demand: smallest(order, able),
      hosts: () => able.map(({ name }) => name),
      go: (name) => {
        taken = able.find((each) => each.name === name);
      },
    });
    leave();
    return taken;
  }

  function untilRoom(
    order: Order,
    candidates: () => readonly Host[],
    waits: () => void,
    stop: AbortSignal,
  ): Promise<Host | undefined> {
    return new Promise((resolve) => {
      let went = false;
      const leave = room.ask({
        name: order.name,
        demand: smallest(order, candidates()),
        hosts: () => candidates().map(({ name }) => name),
        go: (name) => {
          went = true;
          stop.removeEventListener('abort', abort);
          resolve(hosts.find((each) => each.name === name));
        },
      });
      function abort(): void {
        leave();
        resolve(undefined);
      }
      if (went) return;
      stop.addEventListener('abort', abort);
      waits();
    });
  }
}

function faultOf(host: Host, { resources }: Order): ExecutorFault | undefined {
  const known = host.known();
  if (known === undefined) {
    return { code: 'host-unreachable', message: `${host.name} has not answered yet.`, passing: true };
  }
  return 'cpus' in known ? neverFits(host, known, resources) : known;
}

/** What takes all cores of a host takes those of the smallest that it may get. */
function smallest(order: Order, candidates: readonly Host[]): Capacity {
  const demands = candidates.flatMap((host) => {
    const known = host.known();
    return known !== undefined && 'cpus' in known ? [demandOf(order, known)] : [];
  });
  return { cpus: Math.min(...demands.map(({ cpus }) => cpus)), memory: order.resources.memory };
}

/** Until one host is known to be there, or what is to be heard of all of them has been heard. */
async function firstKnown(hosts: readonly Host[], stop: AbortSignal): Promise<void> {
  const answers = hosts.map(async (host) => {
    const known = host.known();
    const answer = known === undefined ? await host.ask() : undefined;
    if (answer?.ok === false || (known !== undefined && 'code' in known)) throw new Error(host.name);
  });
  let heard = (): void => {};
  const stopped = new Promise<void>((resolve) => {
    heard = resolve;
    stop.addEventListener('abort', heard);
  });
  await Promise.race([Promise.any(answers).catch(() => undefined), stopped]);
  stop.removeEventListener('abort', heard);
}

/** One sentence with the reason of each host. */
function noHost(profile: string, judged: readonly Judged[]): PrepareFault {
  return { kind: 'fault', fault: together(profile, judged) };
}

export function together(profile: string, judged: readonly Judged[]): ExecutorFault {
  const faults = judged.flatMap(({ host, fault }) => (fault === undefined ? [] : [{ host, fault }]));
  const first = faults[0]?.fault;
  if (first === undefined) throw new Error(`Internal error: no fault of ${profile}`);
  const same = faults.every(({ fault }) => fault.code === first.code);
  const said = new Set(faults.map(({ fault }) => fault.message));
  if (said.size === 1) return { ...first, passing: false };
  const reasons = [...said].join(' ');
  const message = `No host of profile ${profile} can take it. ${reasons}`;
  const { hint, command, output } = first;
  return { code: same ? first.code : 'no-host', message, hint, command, output, passing: false };
}
