/** @file What a profile of Kubernetes lacks. */
import { existsSync } from 'node:fs';
import { diagnoseServer } from '../api/diagnose.ts';
import { list, text } from '../api/server.ts';
import type { Finding } from '../finding.ts';
import type { KubernetesSettings } from '../settings.ts';
import { kubernetesServer } from './kubernetes.ts';

export async function diagnose(settings: KubernetesSettings): Promise<readonly Finding[]> {
  const { namespace, claim, mount } = settings;
  const server = kubernetesServer(settings);
  const base = `/api/v1/namespaces/${encodeURIComponent(namespace)}/persistentvolumeclaims/${encodeURIComponent(claim)}`;
  const jobs = `/apis/batch/v1/namespaces/${encodeURIComponent(namespace)}/jobs?limit=1`;
  const volume: Finding = existsSync(mount)
    ? { what: 'volume', ok: true, found: `${claim} at ${mount}` }
    : {
        what: 'volume',
        ok: false,
        found: `${mount} is not there`,
        hint: `mount the volume of ${claim} here, too`,
      };
  return [
    await diagnoseServer(
      'jobs',
      server,
      jobs,
      (body) => `may be listed in ${namespace} (${list(body, 'items').length} or more)`,
    ),
    await diagnoseServer(
      'claim',
      server,
      base,
      (body) => `${claim}: ${text(body, 'status', 'phase') ?? 'there'}`,
    ),
    volume,
  ];
}
