/** @file The Job of an attempt: one pod, started once; another attempt is another Job. */
import type { Json, JsonObject } from '../../../base/json.ts';
import type { Submission } from '../contract.ts';
import { wrapperArgv } from '../records/wrapper.ts';
import type { KubernetesSettings } from '../settings.ts';

/** On every Job and pod of ours. */
export const LABEL = 'app.kubernetes.io/managed-by=warren';
/** How long a Job that ended is there to be asked about. Seconds. */
const KEPT = 24 * 3600;

export function manifestOf(
  job: string,
  { folder, resources, stage }: Pick<Submission, 'folder' | 'resources' | 'stage'>,
  settings: KubernetesSettings,
  user: { readonly uid: number; readonly gid: number },
  grace: number,
): JsonObject {
  const { image, claim, mount, queue, secret, node_selector } = settings;
  const [key = '', value = ''] = LABEL.split('=');
  const labels = { [key]: value, ...(queue !== undefined && { 'kueue.x-k8s.io/queue-name': queue }) };
  const { cpus, memory, gpus, gpuMemory } = resources;
  const limits = {
    ...(memory > 0 && { memory: String(memory) }),
    ...(gpus > 0 && { 'nvidia.com/gpu': String(gpus) }),
  };
  const container = {
    name: 'stage',
    image,
    command: [...wrapperArgv(folder)],
    // Values of `pass_env` come from the cluster's own keeping, never from us.
    ...(secret !== undefined && { envFrom: [{ secretRef: { name: secret } }] }),
    resources: { requests: { cpu: String(cpus || 1), ...limits }, limits },
    volumeMounts: [
      { name: 'files', mountPath: mount },
      { name: 'shm', mountPath: '/dev/shm' },
    ],
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: job, labels, annotations: { 'warren/stage': stage, 'warren/folder': folder } },
    spec: {
      backoffLimit: 0,
      podReplacementPolicy: 'Failed',
      // Told by the Job itself, because the pod that was put out may be gone before anybody looks.
      podFailurePolicy: {
        rules: [{ action: 'FailJob', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
      },
      ttlSecondsAfterFinished: KEPT,
      ...(queue !== undefined && { suspend: true }),
      template: {
        metadata: { labels: { [key]: value } },
        spec: {
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: Math.ceil(grace) + 10,
          enableServiceLinks: false,
          automountServiceAccountToken: false,
          // Outputs on the volume are the user's.
          securityContext: { runAsUser: user.uid, runAsGroup: user.gid },
          ...(node_selector !== undefined && { nodeSelector: node_selector }),
          ...(gpuMemory > 0 && { affinity: withMemory(gpuMemory) }),
          containers: [container],
          volumes: [
            { name: 'files', persistentVolumeClaim: { claimName: claim } },
            { name: 'shm', emptyDir: { medium: 'Memory' } },
          ],
        },
      },
    },
  };
}

/** By the label of NVIDIA's feature discovery, in MiB. */
function withMemory(bytes: number): JsonObject {
  const least = Math.ceil(bytes / 2 ** 20) - 1;
  const matchExpressions: Json = [{ key: 'nvidia.com/gpu.memory', operator: 'Gt', values: [String(least)] }];
  return {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] },
    },
  };
}
