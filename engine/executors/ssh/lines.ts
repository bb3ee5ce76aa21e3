/** @file The lines for GPUs of several hosts: a stage stands in all of them, and leaves the others when it has what it needs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { err, ok, type Result } from '../../../base/result.ts';
import type { Order, PrepareFault } from '../site.ts';
import { gpusOf } from './demand.ts';
import type { Host } from './host.ts';

/** Milliseconds between two questions. */
const AGAIN = 1000;

/** What an order asks of GPUs, and the hosts that can never give that, with their reasons. */
export interface Wish {
  readonly profile: string;
  readonly order: Pick<Order, 'name' | 'label' | 'resources'>;
  readonly never: Map<Host, string>;
}

/** Granted: they are held there for the job of that name. Otherwise why not now; of never, `wish` knows why. */
export async function reserve(
  { profile, order, never }: Wish,
  host: Host,
): Promise<'granted' | 'never' | { readonly why: string }> {
  const { name, label, resources } = order;
  const ask = { name, label, gpus: gpusOf(host, resources) };
  const answer = await host.link.call('gpus-reserve', ask, { patience: 0 });
  if (!answer.ok) return { why: host.silent(answer.error) };
  if (answer.value.got === 'granted') return 'granted';
  const why = `${profile}/${host.name}: ${answer.value.why ?? 'it does not say why'}`;
  if (answer.value.got !== 'never') return { why };
  never.set(host, why);
  return 'never';
}

/** Hosts that have them at the same time; they are held on each. `hosts` may become more while it waits. */
export async function hostsWithGpus(
  wish: Wish,
  hosts: () => readonly Host[],
  waits: (why: string) => void,
  stop: AbortSignal,
): Promise<Result<readonly Host[], PrepareFault>> {
  const { never, order } = wish;
  for (;;) {
    const granted: Host[] = [];
    const whys: string[] = [];
    const asked = hosts();
    await Promise.all(
      asked.map(async (host) => {
        if (never.has(host)) return;
        const got = await reserve(wish, host);
        if (got === 'granted') granted.push(host);
        else if (got !== 'never') whys.push(got.why);
      }),
    );
    const all = hosts();
    const over = all.length > 0 && all.every((host) => never.has(host));
    if (stop.aborted || granted.length > 0 || over) {
      leaveLines(stop.aborted ? asked : asked.filter((host) => !granted.includes(host)), order.name);
      if (stop.aborted) return err({ kind: 'stopped' });
      return granted.length > 0 ? ok(granted) : err(none(wish.profile, never));
    }
    waits(whys.join('; '));
    await sleep(AGAIN, undefined, { signal: stop }).catch(() => undefined);
  }
}

export function leaveLines(hosts: readonly Host[], name: string): void {
  for (const host of hosts) void host.link.call('gpus-leave', { name }, { patience: 0 });
}

function none(profile: string, never: ReadonlyMap<Host, string>): PrepareFault {
  const message = `No host of profile ${profile} has such GPUs. ${[...never.values()].join(' ')}`;
  const hint = 'ask for fewer, or name a host in the profile that has them';
  return { kind: 'fault', fault: { code: 'gpus-too-many', message, hint, passing: false } };
}
