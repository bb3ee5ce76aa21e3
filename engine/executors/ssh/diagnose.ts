/** @file What the hosts of a profile have, and what keeps them from being used. */
import { type Link, openLink } from '../../site/link.ts';
import { type Finding, faultFinding } from '../finding.ts';
import type { HostSettings, SshSettings } from '../settings.ts';

/** Milliseconds that a host has to answer. */
const PATIENCE = 15_000;

export async function diagnose(settings: SshSettings): Promise<readonly Finding[]> {
  const found = await Promise.all(settings.hosts.map((host) => diagnoseHost(host, settings)));
  return found.flat();
}

/** Of one host; `what` begins with its name. `more` is asked over the same link; default: its GPUs. */
export async function diagnoseHost(
  host: HostSettings,
  { config, root, node }: Pick<SshSettings, 'config' | 'root' | 'node'>,
  more: (link: Link) => Promise<readonly Finding[]> = async (link) => [await gpus(host, link)],
): Promise<readonly Finding[]> {
  const link = openLink({ host: host.host, config, root, node });
  try {
    const welcome = await link.open({ patience: PATIENCE });
    if (!welcome.ok) return [faultFinding(host.host, welcome.error)];
    const { version, root: folder, warnings } = welcome.value;
    const facts = await link.call('facts', {}, { patience: PATIENCE });
    if (!facts.ok) return [faultFinding(host.host, facts.error)];
    const { platform, arch, cores, memory, free } = facts.value;
    const { cpus = cores, memory: most = memory } = host;
    const shown = `Node.js ${version} on ${platform} ${arch}, ${cpus} of ${cores} cores, ${gigabytes(most)} of ${gigabytes(memory)} GiB`;
    return [
      { what: host.host, ok: true, found: shown },
      { what: `${host.host} root`, ok: true, found: `${folder}, ${gigabytes(free)} GiB free` },
      ...warnings.map((fault) => ({ ...faultFinding(host.host, fault), ok: true })),
      ...(await more(link)),
    ];
  } finally {
    link.close();
  }
}

async function gpus({ host, gpus: chosen = 'all' }: HostSettings, link: Link): Promise<Finding> {
  const what = `${host} gpus`;
  if (chosen === 'none') return { what, ok: true, found: 'none, as the profile says' };
  const words = typeof chosen === 'string' ? [chosen] : chosen;
  const answer = await link.call('gpus', { chosen: words }, { patience: PATIENCE });
  if (!answer.ok) return faultFinding(what, answer.error);
  const { gpus: found, trouble } = answer.value;
  // A host without GPUs is whole, unless the profile names some.
  const ok = chosen === 'all' || found.length >= chosen.length;
  const hint = ok ? undefined : `ssh ${host} nvidia-smi -L shows those that are there`;
  return { what, ok, found: [...found, ...(trouble === null ? [] : [trouble])].join(', ') || 'none', hint };
}

function gigabytes(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(1);
}
