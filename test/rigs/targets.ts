/** @file Where the conformance suite of executors runs each of its cases. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, vi } from 'vitest';
import { untilGone } from './puppets.ts';
import {
  type Found,
  onHost,
  type SlurmRig,
  type SshRig,
  slurmOnHosts,
  slurmRig,
  sshRig,
} from './services.ts';

type Settings = { readonly [name: string]: unknown };

export interface Target {
  readonly name: string;
  /** Why it cannot be tried here; undefined where it can. */
  readonly missing: string | undefined;
  readonly sharedFiles: boolean;
  /** Attempts go on without the engine. */
  readonly survives: boolean;
  readonly slurm: SlurmRig | undefined;
  readonly ssh: SshRig | undefined;
  /** Where projects are made: a folder that its hosts do not see, unless they share files. */
  readonly folder: string;
  readonly env: { readonly [name: string]: string };
  /** Resolves when no such process runs any more. */
  gone(pid: number, host: string): Promise<void>;
  /** Of what is submitted with `sbatch`: settings over the profile's, with further words of it. */
  flagged?(...flags: string[]): Settings;
  /** Settings of a profile. What it leaves on hosts goes with the test file. */
  profile(): Settings;
}

const slurm: Found<SlurmRig> = slurmRig();
const ssh: Found<SshRig> = sshRig();

/** The node that tests bring down: jobs of the others stay away from it. */
export const FRAGILE = 'rig2';

const local: Target = {
  name: 'local',
  missing: undefined,
  sharedFiles: true,
  survives: false,
  slurm: undefined,
  ssh: undefined,
  folder: tmpdir(),
  env: {},
  gone: untilGone,
  profile: () => ({ executor: 'local' }),
};

const onSlurm: Omit<Target, 'name' | 'profile' | 'flagged'> = {
  missing: slurm.missing,
  sharedFiles: true,
  survives: true,
  slurm: slurm.rig,
  ssh: undefined,
  folder: tmpdir(),
  env: slurm.rig?.env ?? {},
  gone: untilGone,
};

const AWAY_FROM_FRAGILE = `--exclude=${FRAGILE}`;

const overSlurm: Target = {
  ...onSlurm,
  name: 'slurm',
  flagged: (...flags) => ({ flags }),
  profile: () => ({ executor: 'slurm', partition: 'gpu', flags: [AWAY_FROM_FRAGILE] }),
};

/** The commands of a scheduler that nobody has written an executor for; it happens to be Slurm's. */
const byCommands: Target = {
  ...onSlurm,
  name: 'command',
  flagged: (...flags) => ({ submit: sbatch(flags) }),
  profile: () => ({
    executor: 'command',
    submit: sbatch([AWAY_FROM_FRAGILE]),
    poll: ['squeue', '-h', '-t', 'all', '-o', '%A %T', '--jobs={ids}'],
    cancel: ['scancel', '{ids}'],
    find: ['squeue', '-h', '-t', 'all', '-o', '%A %j', '--name={names}'],
  }),
};

function sbatch(flags: readonly string[]): unknown {
  const asked = [['--cpus-per-task={cpus}'], ['--mem={memory_mb}M'], ['--gpus-per-node={gpus}']];
  const fixed = ['--parsable', '--no-requeue', '--output=/dev/null', '--chdir={folder}', '--job-name={name}'];
  return ['sbatch', ...fixed, ...asked, ...flags, '{script}'];
}

/** Nothing here knows of the cluster: what is submitted is submitted on the first host. Its nodes share `root` with it. */
const viaSsh: Target = {
  ...onSlurm,
  name: 'slurm via ssh',
  missing: slurm.missing ?? ssh.missing,
  sharedFiles: false,
  folder: ssh.rig?.scratch ?? tmpdir(),
  env: {},
  flagged: (...flags) => ({ flags }),
  profile: () => {
    const [host] = ssh.rig?.hosts ?? [];
    const [config, root] = [ssh.rig?.config, sharedRoot()];
    if (ssh.rig !== undefined && slurm.rig !== undefined) slurmOnHosts(ssh.rig, slurm.rig);
    return { executor: 'slurm', via: { host }, config, root, partition: 'gpu', flags: [AWAY_FROM_FRAGILE] };
  },
};

let shared: string | undefined;

function sharedRoot(): string {
  shared ??= mkdtempSync(join(tmpdir(), 'warren-root-'));
  return shared;
}

/** The hosts of a rig, where nothing of a project is but what an engine brings. */
export function sshOn({ rig, missing }: Found<SshRig>): Target {
  const there = (): SshRig => {
    if (rig === undefined) throw new Error('a test without its hosts has to skip itself');
    return rig;
  };
  return {
    name: 'ssh',
    missing,
    sharedFiles: false,
    survives: true,
    slurm: undefined,
    ssh: rig,
    folder: rig?.scratch ?? tmpdir(),
    env: {},
    gone: (pid, host) =>
      vi.waitFor(
        () => {
          const state = onHost(there(), host, `cut -d' ' -f3 /proc/${pid}/stat 2>/dev/null || echo Z`);
          expect(state.trim()).toBe('Z');
        },
        { timeout: 20_000, interval: 100 },
      ),
    profile: () => ({
      executor: 'ssh',
      hosts: there().hosts.map((host) => ({ host })),
      config: there().config,
      root: rootOn(there()),
    }),
  };
}

const roots = new Map<SshRig, string>();

/** A folder on every host, and only there; one for all tests of a file, so that the program travels once. */
function rootOn(rig: SshRig): string {
  const root = roots.get(rig) ?? join(rig.scratch, `root-${randomBytes(6).toString('hex')}`);
  roots.set(rig, root);
  return root;
}

afterAll(() => {
  if (shared !== undefined) rmSync(shared, { recursive: true, force: true });
  for (const [rig, root] of roots) for (const host of rig.hosts) onHost(rig, host, `rm -rf ${root}`);
});

export const TARGETS: readonly Target[] = [local, sshOn(ssh), overSlurm, viaSsh, byCommands];

/** What a test file asks for, with a word about each target that it goes without. */
export function targets(wanted: (target: Target) => boolean = () => true): readonly Target[] {
  const asked = TARGETS.filter(wanted);
  for (const { name, missing } of asked)
    if (missing !== undefined) console.warn(`${name} skipped: ${missing}`);
  return asked;
}
