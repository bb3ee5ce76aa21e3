/** @file Where the conformance suite of executors runs each of its cases. */
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, vi } from 'vitest';
import { untilGone } from './puppets.ts';
import { type Found, onHost, type SlurmRig, type SshRig, slurmRig, sshRig } from './services.ts';

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

const overSlurm: Target = {
  name: 'slurm',
  missing: slurm.missing,
  sharedFiles: true,
  survives: true,
  slurm: slurm.rig,
  ssh: undefined,
  folder: tmpdir(),
  env: slurm.rig?.env ?? {},
  gone: untilGone,
  profile: () => ({ executor: 'slurm', partition: 'gpu', flags: [`--exclude=${FRAGILE}`] }),
};

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
  for (const [rig, root] of roots) for (const host of rig.hosts) onHost(rig, host, `rm -rf ${root}`);
});

export const TARGETS: readonly Target[] = [local, sshOn(ssh), overSlurm];

/** What a test file asks for, with a word about each target that it goes without. */
export function targets(wanted: (target: Target) => boolean = () => true): readonly Target[] {
  const asked = TARGETS.filter(wanted);
  for (const { name, missing } of asked)
    if (missing !== undefined) console.warn(`${name} skipped: ${missing}`);
  return asked;
}
