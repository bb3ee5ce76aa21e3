import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Json } from '../../base/json.ts';
import type { Executor, Submission } from '../../engine/executors/contract.ts';
import { diagnose } from '../../engine/executors/diagnose.ts';
import { kubernetesExecutor } from '../../engine/executors/kubernetes/kubernetes.ts';
import { manifestOf } from '../../engine/executors/kubernetes/manifest.ts';
import { wordOf as wordOfJob } from '../../engine/executors/kubernetes/words.ts';
import { rayExecutor, wordOf as wordOfRay } from '../../engine/executors/ray/ray.ts';
import type { KubernetesSettings } from '../../engine/executors/settings.ts';
import { NO_RESOURCES } from '../../engine/pipeline/graph.ts';
import { kubernetes, ray } from '../rigs/clusters.ts';

afterEach(() => vi.unstubAllEnvs());

const settings = (more: Partial<KubernetesSettings>): KubernetesSettings => ({
  executor: 'kubernetes',
  url: 'http://127.0.0.1:1',
  namespace: 'team',
  image: 'registry.example/stage:1',
  claim: 'work',
  mount: '/tmp',
  token_env: 'CLUSTER_TOKEN',
  ...more,
});

function submission(more: Partial<Submission> = {}): Submission {
  const folder = mkdtempSync(join(tmpdir(), 'cluster-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return {
    name: 'w-00000000000000000000-1',
    stage: 'a' as Submission['stage'],
    kind: 'command',
    folder,
    launch: { argv: ['true'], cwd: folder, env: { PATH: '/usr/bin:/bin' }, stdin: 'none' },
    secrets: [],
    resources: NO_RESOURCES,
    ...more,
  };
}

async function refusal(executor: Executor, more: Partial<Submission> = {}): Promise<unknown> {
  const [answer] = await executor.submit([submission(more)]);
  executor.close();
  return answer?.ok === false ? answer.error : answer;
}

describe('what Kubernetes says', () => {
  const failed = (reason: string, message?: string): Json => ({
    status: {
      conditions: [{ type: 'Failed', status: 'True', reason, ...(message !== undefined && { message }) }],
    },
  });
  const ended = (exitCode: number, reason: string, more: { readonly [name: string]: Json } = {}): Json => ({
    status: {
      phase: 'Failed',
      containerStatuses: [{ state: { terminated: { exitCode, reason } } }],
      ...more,
    },
  });
  const put = (reason: string): Json => ({
    status: { conditions: [{ type: 'DisruptionTarget', status: 'True', reason }] },
  });
  const BACKOFF = failed('BackoffLimitExceeded');

  it.each<[string, Json | undefined, Json | undefined, object]>([
    ['nothing', undefined, undefined, { kind: 'nobody' }],
    [
      'that it is done',
      { status: { conditions: [{ type: 'Complete', status: 'True' }] } },
      undefined,
      { kind: 'over', code: 0 },
    ],
    ['a code', BACKOFF, ended(3, 'Error'), { kind: 'over', code: 3 }],
    ['OOMKilled', BACKOFF, ended(137, 'OOMKilled'), { cause: 'oom', code: 137 }],
    ['Evicted', BACKOFF, { status: { phase: 'Failed', reason: 'Evicted' } }, { cause: 'preempted' }],
    ['NodeLost', BACKOFF, { status: { reason: 'NodeLost' } }, { cause: 'node-lost' }],
    [
      'a pod that is put out',
      failed('PodFailurePolicy'),
      put('PreemptionByScheduler'),
      { cause: 'preempted' },
    ],
    [
      'a node that is tainted',
      failed('PodFailurePolicy'),
      put('DeletionByTaintManager'),
      { cause: 'node-lost' },
    ],
    [
      'that of a pod that is gone',
      failed('PodFailurePolicy', 'Pod team/x has condition DisruptionTarget'),
      undefined,
      { cause: 'preempted' },
    ],
    ['a pod that somebody deleted', BACKOFF, undefined, { cause: 'node-lost' }],
    ['that it never ran', BACKOFF, ended(128, 'StartError'), { cause: 'launch-failed' }],
    [
      'that it runs',
      {},
      { spec: { nodeName: 'n7' }, status: { phase: 'Running' } },
      { kind: 'running', host: 'n7' },
    ],
    [
      'that its queue waits',
      { spec: { suspend: true } },
      undefined,
      { kind: 'queued', why: 'suspended: its queue lets it wait' },
    ],
    [
      'that no node fits',
      {},
      {
        status: {
          phase: 'Pending',
          conditions: [
            {
              type: 'PodScheduled',
              status: 'False',
              reason: 'Unschedulable',
              message: '0/3 nodes\u001b[31m',
            },
          ],
        },
      },
      { kind: 'queued', why: 'Unschedulable: 0/3 nodes [31m' },
    ],
    [
      'that the image cannot be had',
      {},
      {
        status: {
          phase: 'Pending',
          containerStatuses: [{ state: { waiting: { reason: 'ErrImagePull', message: 'not found' } } }],
        },
      },
      { kind: 'queued', why: 'ErrImagePull: not found' },
    ],
    ['nonsense', { status: { conditions: 3 } }, { status: [] }, { kind: 'queued' }],
  ])('%s', (_, job, pod, expected) => {
    expect(wordOfJob(job, pod)).toMatchObject(expected);
  });
});

describe('what Ray says', () => {
  it.each<[Json | undefined, object]>([
    [undefined, { kind: 'nobody' }],
    [
      { status: 'PENDING', message: 'waiting for resources' },
      { kind: 'queued', why: 'waiting for resources' },
    ],
    [
      { status: 'RUNNING', driver_info: { node_ip_address: '10.0.0.7' } },
      { kind: 'running', host: '10.0.0.7' },
    ],
    [
      { status: 'STOPPED', driver_exit_code: null },
      { kind: 'over', cause: 'cancelled' },
    ],
    [
      { status: 'SUCCEEDED', driver_exit_code: 0 },
      { kind: 'over', code: 0 },
    ],
    [
      { status: 'FAILED', driver_exit_code: -9, message: 'with exit code -9\nlogs' },
      { kind: 'over', code: -9, said: 'with exit code -9' },
    ],
    [
      { status: 'FAILED', message: 'Job supervisor actor died: x' },
      { kind: 'over', cause: 'node-lost' },
    ],
    [
      { status: 'FAILED', message: 'runtime_env setup failed' },
      { kind: 'over', cause: 'launch-failed' },
    ],
    [{ status: 'NEW_WORD' }, { kind: 'silent' }],
  ])('%j', (job, expected) => {
    expect(wordOfRay(job)).toMatchObject(expected);
  });
});

describe('a Job of Kubernetes', () => {
  it('is one start of one pod, with what the stage asks for', () => {
    const resources = { ...NO_RESOURCES, gpus: 2, memory: 2 ** 30, gpuMemory: 80 * 2 ** 30 };
    const given = settings({
      queue: 'gpus',
      secret: 'keys',
      node_selector: { 'nvidia.com/gpu.product': 'H100' },
    });
    const job = manifestOf('w-1', submission({ resources, folder: '/tmp/a' }), given, { uid: 7, gid: 8 }, 10);
    expect(job).toMatchObject({
      metadata: { name: 'w-1', labels: { 'kueue.x-k8s.io/queue-name': 'gpus' } },
      spec: {
        backoffLimit: 0,
        suspend: true,
        podReplacementPolicy: 'Failed',
        template: {
          spec: {
            restartPolicy: 'Never',
            terminationGracePeriodSeconds: 20,
            nodeSelector: { 'nvidia.com/gpu.product': 'H100' },
            securityContext: { runAsUser: 7, runAsGroup: 8 },
            containers: [
              {
                command: ['/bin/sh', '/tmp/a/job/wrapper.sh', '/tmp/a'],
                envFrom: [{ secretRef: { name: 'keys' } }],
                resources: {
                  requests: { cpu: '1', memory: '1073741824', 'nvidia.com/gpu': '2' },
                  limits: { memory: '1073741824', 'nvidia.com/gpu': '2' },
                },
              },
            ],
          },
        },
      },
    });
    expect(JSON.stringify(job)).toContain('"key":"nvidia.com/gpu.memory","operator":"Gt","values":["81919"]');
  });
});

describe('executors over a server of jobs', () => {
  it('refuse what they cannot give', async () => {
    for (const executor of [
      kubernetesExecutor(settings({})),
      rayExecutor({ executor: 'ray', url: 'http://127.0.0.1:1' }),
    ]) {
      const code = async (more: object): Promise<string | undefined> => {
        const verdict = await executor.check({ ...NO_RESOURCES, ...more });
        return verdict.fits === 'never' ? verdict.fault.code : verdict.fits;
      };
      expect(await code({ nodes: 2 })).toBe('no-gang');
      expect(await code({ gpus: 1, gpuType: 'a100' })).toBe('not-expressible');
      expect(await code({ gpus: 1 })).toBe('now');
      executor.close();
    }
  });

  it.each(['kubernetes', 'ray'] as const)(
    'of %s create one job for a submission that is repeated',
    async (name) => {
      vi.stubEnv('CLUSTER_TOKEN', 'let-me-in');
      const cluster = name === 'ray' ? await ray() : await kubernetes('let-me-in');
      const { url } = cluster;
      const executor =
        name === 'ray' ? rayExecutor({ executor: 'ray', url }) : kubernetesExecutor(settings({ url }));
      const given = submission();
      const first = await executor.submit([given]);
      expect(await executor.submit([given])).toEqual(first);
      const found = await executor.find([given, { ...given, name: 'w-11111111111111111111-1' }]);
      expect(found.ok && [...found.value.keys()]).toEqual([given.name]);
      expect(cluster.created).toHaveLength(1);
      await vi.waitFor(() => expect(cluster.process(cluster.created[0] as string)?.exitCode).toBe(0), {
        timeout: 10_000,
      });
      executor.close();
    },
  );

  it('write no secret into what a server stores', async () => {
    const cluster = await ray();
    const launch = { ...submission().launch, env: { TOKEN: 'sesame' } };
    const fault = await refusal(rayExecutor({ executor: 'ray', url: cluster.url }), {
      launch,
      secrets: ['TOKEN'],
    });
    expect(fault).toMatchObject({ code: 'secrets-stored', passing: false });
    expect(cluster.created).toEqual([]);
  });

  it('say what is wrong with a token, a volume and an address', async () => {
    const { url } = await kubernetes('let-me-in');
    vi.stubEnv('CLUSTER_TOKEN', 'wrong');
    expect(await refusal(kubernetesExecutor(settings({ url })))).toMatchObject({
      code: 'not-allowed',
      output: 'Unauthorized',
      passing: false,
    });
    expect(await diagnose(settings({ url }))).toMatchObject([
      { what: 'jobs', ok: false },
      { what: 'claim', ok: false },
      { ok: true },
    ]);
    vi.stubEnv('CLUSTER_TOKEN', 'let-me-in');
    expect(await refusal(kubernetesExecutor(settings({ url, mount: '/elsewhere' })))).toMatchObject({
      code: 'outside-volume',
    });
    expect(await refusal(kubernetesExecutor(settings({})))).toMatchObject({
      code: 'unreachable',
      passing: true,
    });
    expect(await diagnose(settings({ url }))).toMatchObject([
      { what: 'jobs', ok: true },
      { what: 'claim', ok: true, found: 'work: Bound' },
      { what: 'volume', ok: true },
    ]);
    const cluster = await ray();
    expect(await diagnose({ executor: 'ray', url: cluster.url })).toEqual([
      { what: 'ray', ok: true, found: '2.58.0' },
    ]);
    expect(await diagnose({ executor: 'ray', url: 'http://127.0.0.1:1' })).toMatchObject([{ ok: false }]);
  });

  it.each([
    [500, true],
    [429, true],
    [422, false],
  ])('try again after %s: %s', async (status, passing) => {
    const cluster = await ray();
    cluster.outage = status;
    const executor = rayExecutor({ executor: 'ray', url: cluster.url });
    expect(await refusal(executor)).toMatchObject({ code: 'submit-refused', passing });
  });
});
