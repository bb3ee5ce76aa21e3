/** @file Whether any host of a profile can meet a request, and now. */
import type { Resources } from '../../pipeline/graph.ts';
import type { ExecutorFault, Verdict } from '../contract.ts';
import { together } from './choose.ts';
import { gpusOf, neverFits } from './demand.ts';
import type { Host } from './host.ts';

interface Judged {
  readonly host: Host;
  readonly verdict: Verdict;
}

/** Nobody waits for a host that does not answer where another one can. */
export async function checkHosts(
  profile: string,
  hosts: readonly Host[],
  resources: Resources,
): Promise<Verdict> {
  const asked = hosts.map(async (host): Promise<Judged> => ({ host, verdict: await judge(host, resources) }));
  const able = asked.map(async (each) => {
    const { verdict } = await each;
    if (verdict.fits !== 'now') throw new Error(verdict.fits);
    return verdict;
  });
  const now = await Promise.any(able).catch(() => undefined);
  if (now !== undefined) return now;
  const judged = await Promise.all(asked);
  const later = judged.find(({ verdict }) => verdict.fits === 'later');
  if (later !== undefined) return later.verdict;
  const faults = judged.flatMap(({ host, verdict }) =>
    verdict.fits === 'never' ? [{ host, fault: verdict.fault }] : [],
  );
  return { fits: 'never', fault: together(profile, faults) };
}

async function judge(host: Host, resources: Resources): Promise<Verdict> {
  const known = await host.ask();
  if (!known.ok) return unasked(host, known.error);
  const fault = neverFits(host, known.value, resources);
  if (fault !== undefined) return { fits: 'never', fault };
  if (resources.gpus === 0) return { fits: 'now' };
  const gpus = await host.link.call('gpus-check', { gpus: gpusOf(host, resources) });
  if (!gpus.ok) return unasked(host, gpus.error);
  const { never, later } = gpus.value;
  if (never !== null) {
    const hint = 'ask for fewer, or name a host in the profile that has them';
    return { fits: 'never', fault: { code: 'gpus-too-many', message: never, hint, passing: false } };
  }
  return later === null ? { fits: 'now' } : { fits: 'later', why: `${host.name}: ${later}` };
}

function unasked(host: Host, fault: ExecutorFault): Verdict {
  return fault.passing ? { fits: 'later', why: host.silent(fault) } : { fits: 'never', fault };
}
