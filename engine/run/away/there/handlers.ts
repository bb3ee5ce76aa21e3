/** @file On the host: who answers what is asked about attempts and their jobs. */
import { homedir } from 'node:os';
import { readRecords } from '../../../executors/records/records.ts';
import type { AttemptRequests } from '../../../executors/ssh/requests.ts';
import { cancelJobs } from '../../../executors/ssh/there/cancel.ts';
import {
  checkGpus,
  describeGpus,
  leaveGpus,
  reserveGpus,
  takeGpus,
} from '../../../executors/ssh/there/gpus.ts';
import { lookAt, waitFor } from '../../../executors/ssh/there/look.ts';
import { outputAfter } from '../../../executors/ssh/there/output.ts';
import { startJob } from '../../../executors/ssh/there/start.ts';
import type { Handlers, Host } from '../../../site/agent/handling.ts';
import { refuse } from '../../../site/agent/refusal.ts';
import { untilDone } from '../../../site/agent/unfinished.ts';
import { collectThere, removeThere, spoiledThere } from './collect.ts';
import { isAttempt } from './folders.ts';
import { layOut } from './lay-out.ts';
import { sweepAttempts } from './sweep.ts';

/** Projects that this agent looked through. */
const swept = new Set<string>();

export const ATTEMPT_HANDLERS: Pick<Handlers, keyof AttemptRequests> = {
  'lay-out': ({ project, layout }, _bytes, { root }) => {
    if (!swept.has(project)) sweepAttempts(root, project, Date.now());
    swept.add(project);
    const laid = layOut(root, project, layout);
    return laid.ok ? { laid: laid.value, lacks: null } : { laid: null, lacks: laid.error };
  },
  spoiled: async ({ folder }, _bytes, host) => ({ spoiled: (await spoiledThere(own(host, folder))) ?? null }),
  collect: ({ folder, out }, _bytes, host) => untilDone(collectThere(host.root, own(host, folder), out)),
  'remove-attempt': ({ folder, state }, _bytes, host) => ({ state: removeThere(own(host, folder), state) }),
  variables: () => {
    const { PATH, HOME = homedir(), USER = process.env['LOGNAME'] } = process.env;
    return { own: { HOME, ...(PATH !== undefined && { PATH }), ...(USER !== undefined && { USER }) } };
  },
  'gpus-reserve': ({ name, label, gpus }) => reserveGpus(name, label, gpus),
  'gpus-leave': ({ name }) => {
    leaveGpus(name);
    return {};
  },
  'gpus-check': ({ gpus }) => checkGpus(gpus),
  gpus: ({ chosen }) => describeGpus(chosen),
  'job-start': async ({ name, label, folder, secrets, gpus }, _bytes, host) => {
    own(host, folder);
    const lease = gpus.gpus === 0 ? undefined : await takeGpus(name, label, gpus);
    if (typeof lease === 'string') return { process: null, waits: lease };
    try {
      return { process: await startJob(folder, secrets, lease?.grant), waits: null };
    } finally {
      // The wrapper holds them by now, and nobody else.
      lease?.release();
    }
  },
  'job-records': ({ folders }, _bytes, host) => ({
    records: folders.map((folder) => readRecords(own(host, folder))),
  }),
  'jobs-look': ({ jobs }, _bytes, host) => ({
    looks: jobs.map((job) => lookAt({ ...job, folder: own(host, job.folder) })),
  }),
  'jobs-wait': async ({ jobs, limit }, _bytes, host) => {
    for (const { folder } of jobs) own(host, folder);
    return { changed: await waitFor(jobs, limit) };
  },
  'job-output': ({ folder, from, most }, _bytes, host) => {
    const chunks = outputAfter(own(host, folder), from, most);
    return { sizes: chunks.map(({ length }) => length), bytes: Buffer.concat(chunks) };
  },
  'jobs-cancel': async ({ jobs, grace }, _bytes, host) => {
    for (const { folder } of jobs) own(host, folder);
    await cancelJobs(jobs, grace);
    return {};
  },
};

/** Nothing but attempts of this root is looked at, ended or removed, whoever asks. */
function own({ root }: Host, folder: string): string {
  if (isAttempt(root, folder)) return folder;
  throw refuse('path-outside', `${JSON.stringify(folder)} is no attempt below ${root}.`);
}
