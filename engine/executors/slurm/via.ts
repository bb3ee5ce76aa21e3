/** @file Slurm through a login node: attempts lie on its file system, which the nodes share, and commands are called there. */
import { setTimeout as sleep } from 'node:timers/promises';
import { err, ok } from '../../../base/result.ts';
import type { Executor, ExecutorFault } from '../contract.ts';
import type { HostSettings, SlurmSettings } from '../settings.ts';
import type { Choose } from '../ssh/choose.ts';
import { linkFiles } from '../ssh/files.ts';
import { type Host, openHost } from '../ssh/host.ts';
import { makeRoom } from '../ssh/room.ts';
import { linkShell } from '../ssh/shell.ts';
import { sshSite } from '../ssh/site.ts';
import { watchJobs } from '../ssh/watch.ts';
import { slurmExecutor } from './slurm.ts';

/** Of a job on a node: its process is nobody's here. */
const ELSEWHERE = { pid: 0, start: '', boot: '' };

export function slurmVia(
  settings: SlurmSettings,
  via: HostSettings,
  profile: string,
  project: string,
  warn?: (fault: ExecutorFault) => void,
): Executor {
  const host = openHost(via, settings, profile, warn);
  const files = linkFiles(host.link);
  /** Bytes of each stream that are known, by folder. */
  const seen = new Map<string, readonly number[]>();
  let heard: (name: string) => void = () => {};
  const watch = watchJobs(host.link, (name) => heard(name));
  const slurm = slurmExecutor(settings, {
    shell: linkShell(host.link, ['sbatch']),
    files: {
      ...files,
      chunks: async (folder, from) => {
        const chunks = await files.chunks(folder, from);
        if (chunks === undefined) return undefined;
        const { stdout, stderr, events } = chunks;
        seen.set(folder, [
          from.stdout + stdout.length,
          from.stderr + stderr.length,
          from.events + events.length,
        ]);
        return chunks;
      },
    },
    changes: (listen) => {
      heard = listen;
    },
  });
  // Slurm itself has the room, and knows who waits for it.
  const room = makeRoom(() => undefined);
  const site = sshSite(project, (name) => (name === host.name ? host : undefined), only(host), room);
  return {
    ...slurm,
    shown: `${slurm.shown} via ${host.name}`,
    site,
    poll: async (handles) => {
      const states = await slurm.poll(handles);
      for (const { name, folder } of handles) {
        const state = states.get(name)?.kind;
        if (state === 'ended' || state === 'lost') watch.remove(name);
        else watch.add(name, { folder, process: ELSEWHERE }, seen.get(folder) ?? [0, 0, 0]);
      }
      return states;
    },
    close: () => {
      slurm.close();
      watch.close();
      host.link.close();
    },
  };
}

/** Milliseconds: between two tries, and until one that never answered is given up. */
const AGAIN = 2000;
const PATIENCE = 30_000;

function only(host: Host): Choose {
  return async (_order, waits, stop) => {
    const began = performance.now();
    for (;;) {
      const answer = await host.ask();
      if (answer.ok) return ok(host);
      if (stop.aborted) return err({ kind: 'stopped' });
      const { passing } = answer.error;
      if (!passing || performance.now() - began > PATIENCE)
        return err({ kind: 'fault', fault: answer.error });
      waits(host.silent(answer.error));
      await sleep(AGAIN, undefined, { signal: stop }).catch(() => undefined);
    }
  };
}
