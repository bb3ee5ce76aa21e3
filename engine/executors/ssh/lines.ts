/** @file The lines for GPUs of several hosts: a stage stands in all of them, and leaves the others when it has what it needs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { err, ok, type Result } from '../../../base/result.ts';
import type { Order, PrepareFault } from '../site.ts';
import { gpusOf } from './demand.ts';
import type { Host } from './host.ts';

/** Milliseconds between two questions. */
const AGAIN = 1000;

/** Hosts that have them at the same time; they are held on each for the job of that name. */
export async function hostsWithGpus(
  profile: string,
  { name, label, resources }: Pick<Order, 'name' | 'label' | 'resources'>,
  hosts: readonly Host[],
  waits: (why: string) => void,
  stop: AbortSignal,
): Promise<Result<readonly Host[], PrepareFault>> {
  const never = new Map<Host, string>();
  for (;;) {
    const granted: Host[] = [];
    const whys: string[] = [];
    await Promise.all(
      hosts.map(async (host) => {
        if (never.has(host)) return;
        const ask = { name, label, gpus: gpusOf(host, resources) };
        const answer = await host.link.call('gpus-reserve', ask, { patience: 0 });
        if (!answer.ok) whys.push(host.silent(answer.error));
        else if (answer.value.got === 'granted') granted.push(host);
        else {
          const why = `${profile}/${host.name}: ${answer.value.why ?? 'it does not say why'}`;
          if (answer.value.got === 'never') never.set(host, why);
          else whys.push(why);
        }
      }),
    );
    if (stop.aborted || granted.length > 0 || never.size === hosts.length) {
      leaveLines(stop.aborted ? hosts : hosts.filter((host) => !granted.includes(host)), name);
      if (stop.aborted) return err({ kind: 'stopped' });
      return granted.length > 0 ? ok(granted) : err(none(profile, never));
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
