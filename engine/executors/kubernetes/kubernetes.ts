/** @file Kubernetes by its own API: a Job for each attempt, on a volume that pods and engine share. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../../../base/json.ts';
import type { Resources } from '../../pipeline/graph.ts';
import { type ApiOptions, apiExecutor, type JobsApi } from '../api/executor.ts';
import { call, faultOf, list, type Reply, type Server, text } from '../api/server.ts';
import type { Executor, ExecutorFault } from '../contract.ts';
import type { Word } from '../records/state.ts';
import type { KubernetesSettings } from '../settings.ts';
import { GRACE } from '../supervision.ts';
import { LABEL, manifestOf } from './manifest.ts';
import { wordOf } from './words.ts';

/** Where a pod finds how to talk to its own cluster. */
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Renewed by the cluster from time to time: read each time. */
function tokenOf({ token_env: name }: KubernetesSettings): string | undefined {
  if (name !== undefined) return process.env[name];
  const file = join(ACCOUNT, 'token');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

export function kubernetesServer(settings: KubernetesSettings): Server {
  const file = settings.ca ?? join(ACCOUNT, 'ca.crt');
  const ca = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  return { url: settings.url, token: () => tokenOf(settings), ...(ca !== undefined && { ca }) };
}

export function kubernetesExecutor(settings: KubernetesSettings, options: ApiOptions = {}): Executor {
  return apiExecutor(kubernetesJobs(settings, options.grace ?? GRACE / 1000), options);
}

function kubernetesJobs(settings: KubernetesSettings, grace: number): JobsApi {
  const server = kubernetesServer(settings);
  const namespace = encodeURIComponent(settings.namespace);
  const jobs = `/apis/batch/v1/namespaces/${namespace}/jobs`;
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const ours = `?labelSelector=${encodeURIComponent(LABEL)}`;
  const user = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

  return {
    shown: `kubernetes ${settings.namespace}`,
    volume: settings.mount,
    secrets: settings.secret !== undefined,
    check,
    create: async (job, submission) => {
      const reply = await call(server, 'POST', jobs, manifestOf(job, submission, settings, user, grace));
      // Created before, and the answer was lost: the name is ours alone.
      if (reply.status === 201 || reply.status === 409) return undefined;
      return faultOf(server, `POST ${jobs}`, reply);
    },
    ask: async (names): Promise<ReadonlyMap<string, Word>> => {
      const replies = await Promise.all([call(server, 'GET', jobs + ours), call(server, 'GET', pods + ours)]);
      const bad = replies.find(({ status }) => status !== 200);
      if (bad !== undefined) {
        const why = faultOf(server, `GET ${jobs}`, bad).message;
        return new Map(names.map((name) => [name, { kind: 'silent', why }]));
      }
      const [known, running] = replies.map(({ body }) => list(body, 'items')) as [Json[], Json[]];
      const byName = new Map(known.map((job) => [text(job, 'metadata', 'name'), job]));
      // The last one of a Job is the one that counts.
      const podOf = new Map(running.map((pod) => [text(pod, 'metadata', 'labels', 'job-name'), pod]));
      return new Map(names.map((name) => [name, wordOf(byName.get(name), podOf.get(name))]));
    },
    end: async (job, ms) => {
      if (ms === 0) {
        const selector = encodeURIComponent(`job-name=${job}`);
        await remove(`${pods}?labelSelector=${selector}`, { gracePeriodSeconds: 0 });
      }
      // Before its pods: otherwise a Job that is gone would leave them running.
      await remove(`${jobs}/${job}`, { propagationPolicy: 'Foreground' });
    },
  };

  function remove(path: string, options: { readonly [name: string]: Json }): Promise<Reply> {
    return call(server, 'DELETE', path, { apiVersion: 'v1', kind: 'DeleteOptions', ...options });
  }
}

function check({ gpuType }: Resources): ExecutorFault | undefined {
  if (gpuType === undefined) return undefined;
  const message = 'Kubernetes knows GPUs by labels of nodes, not by resources.gpu_type.';
  const hint = 'set node_selector of the profile, by kinds: or stages: where they differ';
  return { code: 'not-expressible', message, hint, passing: false };
}
