/** @file Hosts without a scheduler, over SSH: one is chosen for each attempt, and runs it to its end whatever becomes of us. */
import { err, ok, type Result } from '../../../base/result.ts';
import type { Executor, ExecutorFault, Handle, State, Submission } from '../contract.ts';
import { jobFiles } from '../records/lay.ts';
import type { SshSettings } from '../settings.ts';
import { writeThere } from './attempts.ts';
import { checkHosts } from './check.ts';
import { makeChooser } from './choose.ts';
import { gpusOf } from './demand.ts';
import { inJob, PATIENCE, readOutput } from './files.ts';
import { handleOf, hostIn, jobIn } from './handles.ts';
import { type Host, openHost } from './host.ts';
import type { JobLook } from './requests.ts';
import { makeRoom } from './room.ts';
import { sshSite } from './site.ts';
import { stateOfLook } from './states.ts';
import { type Watch, watchJobs } from './watch.ts';

/** `project`: names the folder of its attempts on the hosts. */
export function sshExecutor(
  settings: SshSettings,
  profile: string,
  project: string,
  warn?: (fault: ExecutorFault) => void,
): Executor {
  const hosts = settings.hosts.map((host) => openHost(host, settings, profile, warn));
  const named = new Map(hosts.map((host) => [host.name, host]));
  const room = makeRoom((name) => {
    const known = named.get(name)?.known();
    return known !== undefined && 'cpus' in known ? known : undefined;
  });
  const listeners: ((name: string) => void)[] = [];
  const watches = new Map<Host, Watch>();
  /** When the process of a job was first seen to be gone. */
  const gone = new Map<string, number>();
  const seen = new Map<string, readonly number[]>();

  function watchOf(host: Host): Watch {
    const known = watches.get(host);
    if (known !== undefined) return known;
    const watch = watchJobs(host.link, (name) => {
      for (const listen of listeners) listen(name);
    });
    watches.set(host, watch);
    return watch;
  }

  async function submit(submission: Submission): Promise<Result<Handle, ExecutorFault>> {
    const { name, folder, launch, secrets, resources, stage } = submission;
    const host = named.get(submission.host ?? '');
    if (host === undefined) return err(unknownHost(submission.host));
    const files = jobFiles(submission);
    if (!files.ok) return files;
    const written = await writeThere(host.link, { folder }, inJob(files.value));
    if (!written.ok) return written;
    const values = secrets.flatMap((each) => {
      const value = launch.env[each];
      return value === undefined ? [] : [[each, value] as const];
    });
    const started = await host.link.call('job-start', {
      name,
      label: stage,
      folder,
      secrets: Object.fromEntries(values),
      gpus: gpusOf(host, resources),
    });
    if (!started.ok) return started;
    const { process, waits } = started.value;
    if (process !== null) return ok(handleOf({ name, folder }, host.name, process));
    const message = `The GPUs that it had on ${host.name} went to others: ${waits ?? 'it does not say why'}.`;
    return err({ code: 'gpus-busy', message, passing: true });
  }

  async function look(host: Host, handles: readonly Handle[]): Promise<[string, State][]> {
    const answer = await host.link.call('jobs-look', { jobs: handles.map(jobIn) }, { patience: PATIENCE });
    if (!answer.ok) {
      const why = host.silent(answer.error);
      return handles.map(({ name }) => [name, { kind: 'unknown', why }]);
    }
    host.silent(undefined);
    return handles.flatMap((handle, i): [string, State][] => {
      const each = answer.value.looks[i];
      return each === undefined ? [] : [[handle.name, heard(host, handle, each)]];
    });
  }

  function heard(host: Host, handle: Handle, each: JobLook): State {
    const { name } = handle;
    const since = each.alive ? undefined : (gone.get(name) ?? performance.now());
    if (since !== undefined) gone.set(name, since);
    const state = stateOfLook(each, host.name, since === undefined ? 0 : performance.now() - since);
    if (state.kind === 'ended' || state.kind === 'lost') watches.get(host)?.remove(name);
    else watchOf(host).add(name, jobIn(handle), seen.get(name) ?? each.sizes.map(() => 0));
    return state;
  }

  return {
    shown: profile,
    capabilities: { sharedFs: false, survivesEngine: true, gang: false, arrays: false, queues: true },
    site: sshSite(project, (name) => named.get(name), makeChooser(profile, hosts, room), room),
    check: (resources) => checkHosts(profile, hosts, resources),
    submit: (submissions) => Promise.all(submissions.map(submit)),
    find: async (wanted) => {
      const found = new Map<string, Handle>();
      for (const [name, host] of named) {
        const own = wanted.filter((each) => each.host === undefined || each.host === name);
        if (own.length === 0) continue;
        const folders = own.map(({ folder }) => folder);
        const answer = await host.link.call('job-records', { folders }, { patience: PATIENCE });
        if (!answer.ok) return answer;
        for (const [i, records] of answer.value.records.entries()) {
          const each = own[i];
          if (each === undefined || !records.started) continue;
          const { pid = 0, born = '', boot = '' } = records.start ?? {};
          found.set(each.name, handleOf(each, name, { pid, start: born, boot }));
        }
      }
      const stray = wanted.find(({ host }) => host !== undefined && !named.has(host));
      return stray === undefined ? ok(found) : err(unknownHost(stray.host));
    },
    poll: async (handles) => {
      const groups = [...named].map(([name, host]) => {
        const own = handles.filter((handle) => hostIn(handle) === name);
        return own.length === 0 ? [] : look(host, own);
      });
      return new Map((await Promise.all(groups)).flat());
    },
    logs: async (handle, from) => {
      const host = named.get(hostIn(handle));
      if (host === undefined) return undefined;
      const chunks = await readOutput(host.link, handle.folder, from);
      if (chunks === undefined) return undefined;
      const { stdout, stderr, events } = chunks;
      seen.set(handle.name, [
        from.stdout + stdout.length,
        from.stderr + stderr.length,
        from.events + events.length,
      ]);
      return chunks;
    },
    cancel: async (handles, grace) => {
      await Promise.all(
        [...named].map(async ([name, host]) => {
          const jobs = handles.filter((handle) => hostIn(handle) === name).map(jobIn);
          if (jobs.length > 0) await host.link.call('jobs-cancel', { jobs, grace: grace / 1000 });
        }),
      );
    },
    onChange: (listen) => void listeners.push(listen),
    close: () => {
      for (const watch of watches.values()) watch.close();
      for (const { link } of hosts) link.close();
    },
  };
}

function unknownHost(name: string | undefined): ExecutorFault {
  const message = `${name ?? 'The host of the attempt'} is no host of this profile.`;
  return { code: 'host-unknown', message, hint: 'name it among the hosts of the profile', passing: false };
}
