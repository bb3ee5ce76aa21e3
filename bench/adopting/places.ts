/** @file Where the stages go, how it is disturbed, and what is left there when all is done. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Found,
  onHost,
  RIGS,
  type SlurmRig,
  type SshRig,
  slurmRig,
  sshRig,
} from '../../test/rigs/services.ts';
import { kill } from '../killing/processes.ts';
import type { Profiles } from './project.ts';

export const EXECUTORS = ['local', 'slurm', 'ssh'] as const;

/** They sleep. */
const LOCAL = { executor: 'local', cpus: 10 };

export interface Submitted {
  readonly jobs: number;
  readonly twice: number;
}

export interface Place {
  /** Where projects may lie: hosts that share no files do not see it. */
  readonly folder: string;
  readonly env: { readonly [name: string]: string };
  readonly profiles: Profiles;
  /** What is done to it while engines run, by name. `engines`: their processes. */
  readonly strikes: { readonly [name: string]: (engines: readonly number[]) => Promise<void> };
  /**
   * Jobs and attempts that are still there. `idle`: never begun, for an engine that was killed, or saved before they began anew
   * elsewhere; they go in time.
   */
  left(project: string): { readonly live: readonly string[]; readonly idle: readonly string[] };
  /** Jobs of the project that there ever were, and those that found themselves started already; undefined: nobody counts. */
  submissions(project: string): Submitted | undefined;
  close(): void;
}

export function placeOf(executor: (typeof EXECUTORS)[number], controller: boolean): Place {
  switch (executor) {
    case 'local':
      return {
        folder: tmpdir(),
        env: {},
        profiles: { local: LOCAL, there: LOCAL, apart: { ...LOCAL, cpus: 2 } },
        strikes: {},
        left: () => ({ live: [], idle: [] }),
        submissions: () => undefined,
        close: () => {},
      };
    case 'slurm':
      return onSlurm(there(slurmRig()), controller);
    case 'ssh':
      return overSsh(there(sshRig()));
  }
}

function there<T>(found: Found<T>): T {
  if (found.rig === undefined) throw new Error(found.missing);
  return found.rig;
}

function onSlurm({ env, folder }: SlurmRig, controller: boolean): Place {
  const whole = { ...process.env, ...env };
  const there = { executor: 'slurm', partition: 'gpu' };
  const outage = async (): Promise<void> => {
    kill(Number(readFileSync(join(folder, 'run/slurmctld.pid'), 'utf8')));
    await pause(2000);
    const up = spawnSync('bash', [join(RIGS, 'slurm-up.sh')], { env: whole, encoding: 'utf8' });
    if (up.status !== 0) throw new Error(`Slurm does not come back: ${up.stderr}`);
  };
  return {
    folder: tmpdir(),
    env,
    profiles: { local: LOCAL, there, apart: { ...there, array: 1 } },
    strikes: controller ? { 'kill -9 of the controller': outage } : {},
    left: (project) => {
      const { stdout } = spawnSync('squeue', ['-h', '-o', '%i %T %Z'], { env: whole, encoding: 'utf8' });
      return { live: stdout.split('\n').filter((line) => line.includes(`${project}/`)), idle: [] };
    },
    submissions: (project) => {
      const log = join(folder, 'jobcomp.log');
      if (!existsSync(log)) return undefined;
      const lines = readFileSync(log, 'utf8').split('\n');
      const own = lines.filter((line) => line.includes(` WorkDir=${project}/`));
      return { jobs: own.length, twice: own.filter((line) => line.includes(' ExitCode=76:0')).length };
    },
    close: () => {},
  };
}

/** Attempts of all projects, and states that are not empty. */
const LYING = `for each in */attempts/*/*; do
  [ -e "$each" ] || continue
  case $each in
    */state) [ -z "$(ls -A "$each")" ] || echo "saved $each" ;;
    *) if [ -d "$each/job/started" ]; then echo "began $each"; else echo "idle $each"; fi ;;
  esac
done`;

function overSsh(rig: SshRig): Place {
  const { config, scratch } = rig;
  const root = join(scratch, `adopt-${process.pid}`);
  const hosts = [...rig.hosts];
  const profile = { executor: 'ssh', config, root };
  return {
    folder: scratch,
    env: {},
    profiles: { local: LOCAL, there: { ...profile, hosts }, apart: { ...profile, hosts: hosts.slice(0, 1) } },
    strikes: {
      'kill -9 of the ssh clients': async (engines) => {
        for (const pid of childrenOf(engines)) kill(pid);
      },
    },
    left: () => {
      const lines = hosts.flatMap((host) =>
        onHost(rig, host, `cd ${root}/projects 2>/dev/null && ${LYING}`)
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => `${line} on ${host}`),
      );
      const idle = lines.filter((line) => !line.startsWith('began'));
      return { live: lines.filter((line) => !idle.includes(line)), idle };
    },
    submissions: () => undefined,
    close: () => {
      for (const host of hosts) onHost(rig, host, `rm -rf ${root}`);
    },
  };
}

function childrenOf(parents: readonly number[]): number[] {
  return readdirSync('/proc').flatMap((name) => {
    try {
      const [comm = '', parent] = (
        /\((.*)\) . (\d+)/s.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? []
      ).slice(1);
      return comm === 'ssh' && parents.includes(Number(parent)) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
