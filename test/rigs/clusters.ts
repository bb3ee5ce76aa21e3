/**
 * @file Servers that speak the public APIs of clusters, as far as an executor uses them, and start what they are told to as
 * processes of this machine: the records of jobs are real. They are no clusters: nothing here says how a real one schedules.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { serve } from './s3.ts';

type Fields = { [name: string]: unknown };

export interface Cluster {
  readonly url: string;
  /** Names of all jobs that were ever created. */
  readonly created: readonly string[];
  /** The process of a job that runs. */
  process(job: string): ChildProcess | undefined;
  /** Nothing that is created from now on starts. */
  full: boolean;
  /** How every call is answered, instead of as it should be. */
  outage: number | undefined;
  /** Calls that were answered so. */
  refused: number;
  /** The next job is created, and nobody is told. */
  lost: boolean;
  /** Ends the job's process as the cluster would: its words say why. */
  strike(job: string, how: string): void;
}

interface Job {
  readonly name: string;
  readonly spec: Fields;
  child: ChildProcess | undefined;
  end: { code: number | null; signal: NodeJS.Signals | null } | undefined;
  /** What struck it. */
  struck: string | undefined;
  stopped: boolean;
  /** A deletion waits for its end. */
  deleted: boolean;
}

interface State {
  readonly cluster: Cluster & { created: string[] };
  readonly jobs: Map<string, Job>;
}

function stateOf(): State {
  const jobs = new Map<string, Job>();
  onTestFinished(() => {
    for (const { child } of jobs.values()) if (child?.exitCode === null) signal(child, 'SIGKILL');
  });
  const cluster: State['cluster'] = {
    url: '',
    created: [],
    process: (name) => jobs.get(name)?.child,
    full: false,
    outage: undefined,
    refused: 0,
    lost: false,
    strike: (name, how) => {
      const job = jobs.get(name);
      if (job?.child === undefined) throw new Error(`${name} does not run`);
      job.struck = how;
      signal(job.child, 'SIGKILL');
    },
  };
  return { cluster, jobs };
}

/** A container or an entrypoint: the wrapper and all that it starts end together where a container does. */
function begin(job: Job, argv: readonly string[], env: NodeJS.ProcessEnv): void {
  const [program = '', ...words] = argv;
  const child = spawn(program, words, { detached: true, stdio: 'ignore', env });
  job.child = child;
  child.on('exit', (code, by) => {
    job.end = { code, signal: by };
  });
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  // The command is in a group of its own: a container takes it down with the wrapper.
  const all = name === 'SIGKILL' ? descendants(child.pid as number) : [];
  for (const pid of [child.pid as number, ...all]) {
    try {
      process.kill(pid, name);
    } catch {}
  }
}

function descendants(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' });
  const parents = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const below = (of: number): number[] =>
    parents.flatMap(([child = 0, parent]) => (parent === of ? [child, ...below(child)] : []));
  return below(pid);
}

async function endSoon(job: Job, grace: number): Promise<void> {
  if (job.child === undefined || job.end !== undefined) return;
  signal(job.child, 'SIGTERM');
  for (let waited = 0; waited < grace * 1000 && job.end === undefined; waited += 20) await sleep(20);
  if (job.end === undefined) signal(job.child, 'SIGKILL');
}

async function bodyOf(incoming: IncomingMessage): Promise<Fields> {
  const text = Buffer.concat(await incoming.toArray()).toString('utf8');
  return text === '' ? {} : (JSON.parse(text) as Fields);
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

const at = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((found, name) => (found as Fields | undefined)?.[name], value);

/** `secrets`: variables of the Secret of each name. */
export async function kubernetes(
  token: string,
  secrets: { readonly [name: string]: NodeJS.ProcessEnv } = {},
): Promise<Cluster> {
  const { cluster, jobs } = stateOf();
  const status = (code: number, reason: string, message: string): Fields => ({
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    code,
    reason,
    message,
  });

  function podOf(job: Job): Fields | undefined {
    // Whoever puts a pod out deletes it.
    if (job.struck === 'PreemptionByScheduler' && job.end !== undefined) return undefined;
    const { end } = job;
    const reason = end?.code === 0 ? 'Completed' : (job.struck ?? 'Error');
    const exitCode = end?.code ?? (end?.signal === 'SIGKILL' ? 137 : 143);
    const phase = end === undefined ? 'Running' : end.code === 0 ? 'Succeeded' : 'Failed';
    const unplaced = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message: '0/1 nodes are available',
    };
    const state = end === undefined ? { running: {} } : { terminated: { exitCode, reason } };
    return {
      metadata: { name: `${job.name}-x1`, labels: { 'job-name': job.name } },
      spec: job.child === undefined ? {} : { nodeName: 'node-7' },
      status:
        job.child === undefined
          ? { phase: 'Pending', conditions: [unplaced] }
          : {
              phase,
              containerStatuses: [{ state }],
              ...(job.struck === 'Evicted' && end !== undefined && { reason: 'Evicted' }),
            },
    };
  }

  function shownJob(job: Job): Fields {
    const { end } = job;
    const failed = job.struck === 'PreemptionByScheduler' ? 'PodFailurePolicy' : 'BackoffLimitExceeded';
    const condition =
      end?.code === 0
        ? { type: 'Complete', status: 'True' }
        : { type: 'Failed', status: 'True', reason: failed };
    return { ...job.spec, status: end === undefined ? {} : { conditions: [condition] } };
  }

  function create(spec: Fields, response: ServerResponse): void {
    const name = String(at(spec, 'metadata', 'name'));
    if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) {
      answer(response, 422, status(422, 'Invalid', `Job.batch "${name}" is invalid: metadata.name`));
      return;
    }
    if (jobs.has(name)) {
      answer(response, 409, status(409, 'AlreadyExists', `jobs.batch "${name}" already exists`));
      return;
    }
    const job: Job = {
      name,
      spec,
      child: undefined,
      end: undefined,
      struck: undefined,
      stopped: false,
      deleted: false,
    };
    jobs.set(name, job);
    cluster.created.push(name);
    const container = at(spec, 'spec', 'template', 'spec', 'containers', 0);
    const secret = at(container, 'envFrom', 0, 'secretRef', 'name');
    const env = typeof secret === 'string' ? secrets[secret] : {};
    if (!cluster.full)
      begin(job, at(container, 'command') as string[], { PATH: process.env['PATH'], ...env });
    if (cluster.lost) {
      cluster.lost = false;
      response.destroy();
    } else answer(response, 201, spec);
  }

  async function remove(job: Job): Promise<void> {
    job.deleted = true;
    await endSoon(job, Number(at(job.spec, 'spec', 'template', 'spec', 'terminationGracePeriodSeconds')));
    while (job.child !== undefined && job.end === undefined) await sleep(20);
    jobs.delete(job.name);
  }

  const url = await serve(async (incoming, response) => {
    const body = await bodyOf(incoming);
    const { pathname, searchParams } = new URL(incoming.url ?? '', 'http://cluster');
    if (cluster.outage !== undefined) {
      cluster.refused += 1;
      return answer(
        response,
        cluster.outage,
        status(cluster.outage, 'ServiceUnavailable', 'etcd leader changed'),
      );
    }
    if (incoming.headers.authorization !== `Bearer ${token}`)
      return answer(response, 401, status(401, 'Unauthorized', 'Unauthorized'));
    const [, resource, name] =
      /^\/(?:apis\/batch|api)\/v1\/namespaces\/team\/(\w+)(?:\/([^/]+))?$/.exec(pathname) ?? [];
    const items = [...jobs.values()].filter(({ spec }) => {
      const [label = '', value] = (searchParams.get('labelSelector') ?? '').split('=');
      return label === '' || at(spec, 'metadata', 'labels', label) === value;
    });
    switch (`${incoming.method} ${resource}${name === undefined ? '' : '/'}`) {
      case 'POST jobs':
        return create(body, response);
      case 'GET jobs':
        return answer(response, 200, { kind: 'JobList', items: items.map(shownJob) });
      case 'GET pods':
        return answer(response, 200, { kind: 'PodList', items: items.flatMap((job) => podOf(job) ?? []) });
      case 'DELETE pods': {
        const job = jobs.get((searchParams.get('labelSelector') ?? '').replace('job-name=', ''));
        if (job !== undefined) await endSoon(job, Number(body['gracePeriodSeconds']));
        return answer(response, 200, { kind: 'PodList', items: [] });
      }
      case 'DELETE jobs/': {
        const job = jobs.get(name as string);
        if (job === undefined)
          return answer(response, 404, status(404, 'NotFound', `jobs.batch "${name}" not found`));
        if (!job.deleted && body['propagationPolicy'] === 'Foreground') remove(job).catch(() => {});
        return answer(response, 200, shownJob(job));
      }
      case 'GET persistentvolumeclaims/':
        return answer(response, 200, { status: { phase: 'Bound' } });
      default:
        return answer(response, 404, status(404, 'NotFound', `the server could not find ${pathname}`));
    }
  });
  return Object.assign(cluster, { url });
}

/** As a head of Ray 2.58 was recorded. */
export async function ray(): Promise<Cluster> {
  const { cluster, jobs } = stateOf();

  function detailsOf(job: Job): Fields {
    const { end } = job;
    const code = end === undefined || job.stopped ? null : (end.code ?? -9);
    const dead = job.struck !== undefined && end !== undefined;
    const state = (): [status: string, message: string] => {
      if (job.child === undefined)
        return ['PENDING', 'Job has not started yet. It may be waiting for resources.'];
      if (end === undefined) return ['RUNNING', 'Job is currently running.'];
      if (job.stopped) return ['STOPPED', 'Job was intentionally stopped.'];
      if (dead) return ['FAILED', `Job supervisor actor died: ${job.struck}`];
      if (end.code === 0) return ['SUCCEEDED', 'Job finished successfully.'];
      return ['FAILED', `Job entrypoint command failed with exit code ${code}, last available logs`];
    };
    const [status, message] = state();
    return {
      type: 'SUBMISSION',
      submission_id: job.name,
      status,
      message,
      error_type: null,
      driver_exit_code: dead ? null : code,
      driver_info: job.child === undefined ? null : { id: '0', node_ip_address: '10.0.0.7', pid: 'None' },
    };
  }

  function create(spec: Fields, response: ServerResponse): void {
    const name = String(spec['submission_id']);
    if (jobs.has(name)) {
      const text = `Traceback (most recent call last):\nValueError: Job with submission_id ${name} already exists. Please use a different submission_id.\n`;
      answer(response, 500, text);
      return;
    }
    const job: Job = {
      name,
      spec,
      child: undefined,
      end: undefined,
      struck: undefined,
      stopped: false,
      deleted: false,
    };
    jobs.set(name, job);
    cluster.created.push(name);
    if (!cluster.full)
      begin(job, ['/bin/sh', '-c', `exec ${spec['entrypoint']}`], { PATH: process.env['PATH'] });
    if (cluster.lost) {
      cluster.lost = false;
      response.destroy();
    } else answer(response, 200, { job_id: name, submission_id: name });
  }

  const url = await serve(async (incoming, response) => {
    const body = await bodyOf(incoming);
    if (cluster.outage !== undefined) {
      cluster.refused += 1;
      return answer(response, cluster.outage, 'upstream connect error');
    }
    if (incoming.method === 'POST' && incoming.headers['sec-fetch-mode'] !== undefined) {
      return answer(response, 405, "'POST' method not allowed for browser traffic");
    }
    const [, name, action] = /^\/api\/jobs\/(?:([^/]+)(?:\/(\w+))?)?$/.exec(incoming.url ?? '') ?? [];
    if (incoming.url === '/api/version') return answer(response, 200, { ray_version: '2.58.0' });
    if (incoming.url === '/api/jobs/' && incoming.method === 'POST') return create(body, response);
    if (incoming.url === '/api/jobs/') return answer(response, 200, [...jobs.values()].map(detailsOf));
    const job = jobs.get(name ?? '');
    if (job === undefined || action !== 'stop') return answer(response, 404, `Job ${name} does not exist`);
    // One that has not begun stays as it is, whatever is answered.
    if (job.child !== undefined && job.end === undefined) {
      job.stopped = true;
      const wait = Number(at(job.spec, 'runtime_env', 'env_vars', 'RAY_JOB_STOP_WAIT_TIME_S') ?? 3);
      endSoon(job, wait).catch(() => {});
    }
    return answer(response, 200, { stopped: true });
  });
  return Object.assign(cluster, { url });
}
