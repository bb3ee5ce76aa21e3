/** @file Ray by the REST interface of its jobs. Every node sees the project's files under the same path. */
import type { Json } from '../../../base/json.ts';
import type { Resources } from '../../pipeline/graph.ts';
import { type ApiOptions, apiExecutor, type JobsApi } from '../api/executor.ts';
import { call, faultOf, member, type Server, text } from '../api/server.ts';
import { quoteWord } from '../command.ts';
import type { Executor, ExecutorFault } from '../contract.ts';
import type { Word } from '../records/state.ts';
import { wrapperArgv } from '../records/wrapper.ts';
import type { RaySettings } from '../settings.ts';
import { GRACE } from '../supervision.ts';

/** Without the slash, Ray answers with another address. */
const JOBS = '/api/jobs/';
/** Seconds that the wrapper has beyond the stage's own grace, before Ray kills it. */
const MARGIN = 20;

export function rayServer({ url, token_env: name }: RaySettings): Server {
  return { url, token: () => (name === undefined ? undefined : process.env[name]) };
}

export function rayExecutor(settings: RaySettings, options: ApiOptions = {}): Executor {
  return apiExecutor(rayJobs(rayServer(settings), options.grace ?? GRACE / 1000), options);
}

function rayJobs(server: Server, grace: number): JobsApi {
  return {
    shown: 'ray',
    // Its environment of a job is kept by the head, and shown by the dashboard.
    secrets: false,
    check,
    create: async (job, { folder, resources }) => {
      const reply = await call(server, 'POST', JOBS, {
        submission_id: job,
        entrypoint: wrapperArgv(folder).map(quoteWord).join(' '),
        runtime_env: { env_vars: { RAY_JOB_STOP_WAIT_TIME_S: String(Math.ceil(grace) + MARGIN) } },
        metadata: { warren: folder },
        entrypoint_num_cpus: resources.cpus || 1,
        ...(resources.gpus > 0 && { entrypoint_num_gpus: resources.gpus }),
        ...(resources.memory > 0 && { entrypoint_memory: resources.memory }),
      });
      if (reply.status === 200) return undefined;
      // By a traceback, and the number of any fault.
      if (reply.status === 500 && reply.text.includes('already exists')) return undefined;
      return faultOf(server, 'POST /api/jobs/', reply);
    },
    ask: async (jobs) => {
      const reply = await call(server, 'GET', JOBS);
      if (reply.status !== 200 || !Array.isArray(reply.body)) {
        const why = faultOf(server, 'GET', reply).message;
        return new Map(jobs.map((job) => [job, { kind: 'silent', why }]));
      }
      const known = new Map((reply.body as readonly Json[]).map((job) => [text(job, 'submission_id'), job]));
      return new Map(jobs.map((job) => [job, wordOf(known.get(job))]));
    },
    end: async (job) => {
      await call(server, 'POST', `${JOBS}${job}/stop`, {});
    },
  };
}

function check({ gpuType, gpuMemory }: Resources): ExecutorFault | undefined {
  const what = gpuType !== undefined ? 'gpu_type' : gpuMemory > 0 ? 'gpu_memory' : undefined;
  if (what === undefined) return undefined;
  const message = `Ray's jobs have no words for resources.${what}.`;
  return { code: 'not-expressible', message, hint: `leave ${what} out`, passing: false };
}

/** What Ray says of a job, as its list has it; undefined where it is not in it. */
export function wordOf(job: Json | undefined): Word {
  const status = text(job, 'status');
  const said = text(job, 'message')?.split('\n')[0] ?? status ?? '';
  switch (status) {
    case undefined:
      return { kind: 'nobody' };
    case 'PENDING':
      return { kind: 'queued', why: said };
    case 'RUNNING':
      return { kind: 'running', host: text(job, 'driver_info', 'node_ip_address') };
    case 'STOPPED':
      return { kind: 'over', said, cause: 'cancelled' };
    case 'SUCCEEDED':
      return { kind: 'over', said, code: 0 };
    case 'FAILED':
      return failed(job, said);
    default:
      return { kind: 'silent', why: `ray says ${status}` };
  }
}

function failed(job: Json | undefined, said: string): Word {
  const code = member(job, 'driver_exit_code');
  if (typeof code === 'number') return { kind: 'over', said, code };
  // What watches over the entrypoint is gone, and the entrypoint with it: its node, mostly.
  if (/supervisor actor died/i.test(said)) return { kind: 'over', said, cause: 'node-lost' };
  return { kind: 'over', said, cause: 'launch-failed' };
}
