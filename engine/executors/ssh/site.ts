/** @file Attempts on the hosts of a profile, where no file is shared with us. */
import { setMaxListeners } from 'node:events';
import { err, ok } from '../../../base/result.ts';
import type { Berth, Laid, Order, Site } from '../site.ts';
import { bringOutputs, layOutThere, writeThere } from './attempts.ts';
import type { Choose } from './choose.ts';
import { demandOf } from './demand.ts';
import type { Host } from './host.ts';
import type { Room } from './room.ts';

export function sshSite(
  project: string,
  hostOf: (name: string) => Host | undefined,
  choose: Choose,
  room: Room,
): Site {
  const linkOf = ({ host }: Pick<Berth, 'host'>): Host['link'] => known(hostOf, host).link;

  return {
    prepare: async (order, waits, stop) => {
      const signal = forMany(stop);
      for (;;) {
        const chosen = await choose(order, waits, signal);
        if (!chosen.ok) return chosen;
        const host = chosen.value;
        const laid = await prepareOn(project, host, order, signal);
        if (laid.ok) return laid;
        room.leave(order.name);
        void host.link.call('gpus-leave', { name: order.name }, { patience: 0 });
        if (stop.aborted) return err({ kind: 'stopped' });
        const { error } = laid;
        if (error.kind !== 'fault' || !error.fault.passing) return laid;
        // It answered before: another one may do, or itself once it answers again.
        host.forget(error.fault);
        waits(host.silent(error.fault));
      }
    },
    write: (berth, files) => writeThere(linkOf(berth), berth, files),
    spoiled: async (berth) => {
      const answer = await linkOf(berth).call('spoiled', { folder: berth.folder });
      return answer.ok ? ok(answer.value.spoiled ?? undefined) : answer;
    },
    collect: (berth, out, cache, stop) => bringOutputs(linkOf(berth), berth, out, cache, stop),
    leave: async (berth, name, remove) => {
      room.leave(name);
      const link = hostOf(berth.host)?.link;
      if (link === undefined) return undefined;
      void link.call('gpus-leave', { name }, { patience: 0 });
      if (remove === 'nothing') return undefined;
      const ask = { folder: berth.folder, state: remove === 'state' };
      const answer = await link.call('remove-attempt', ask, { patience: PATIENCE });
      return answer.ok ? answer.value.state : undefined;
    },
    adopt: (berth, name, resources) => {
      const capacity = hostOf(berth.host)?.known();
      const all = capacity !== undefined && 'cpus' in capacity ? capacity : { cpus: 1, memory: 0 };
      room.occupy(name, berth.host, demandOf({ resources, computes: false }, all));
    },
  };
}

/** As many calls at a time listen to it as there are objects on their way. */
function forMany(stop: AbortSignal): AbortSignal {
  const signal = AbortSignal.any([stop]);
  setMaxListeners(0, signal);
  return signal;
}

/** Milliseconds that cleaning up is worth. */
const PATIENCE = 2000;

async function prepareOn(
  project: string,
  host: Host,
  order: Order,
  stop: AbortSignal,
): ReturnType<Site['prepare']> {
  const premises = await host.premises(order.kind, stop);
  if (!premises.ok) return err({ kind: 'fault', fault: premises.error });
  const laid = await layOutThere(host.link, project, order, stop);
  if (!laid.ok) return laid;
  const whole: Laid = { ...laid.value, host: host.name, premises: premises.value };
  return ok(whole);
}

function known(hostOf: (name: string) => Host | undefined, name: string): Host {
  const host = hostOf(name);
  if (host === undefined) throw new Error(`Internal error: ${name} is no host of this profile`);
  return host;
}
