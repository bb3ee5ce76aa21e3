/**
 * @file Services that tests of executors use if they run: found by the variables that scripts/services.sh prints, or where its
 * rigs put themselves. Nothing is started here.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SlurmRig {
  /** For every call of Slurm's programs, and of an engine that uses them. */
  readonly env: { readonly SLURM_CONF: string };
  readonly folder: string;
  readonly accounting: boolean;
  /** Memory and devices are held to what was asked for. */
  readonly enforced: boolean;
}

export interface SshRig {
  readonly folder: string;
  readonly config: string;
  readonly hosts: readonly string[];
  /** The same path on every host and here, with other contents on each. */
  readonly scratch: string;
}

/** What is there, or why it is not. */
export type Found<T> =
  | { readonly rig: T; readonly missing?: undefined }
  | { readonly missing: string; readonly rig?: undefined };

const BRING_UP = 'bash scripts/services.sh starts it';

/** Scripts that start and spoil them. */
export const RIGS: string = join(import.meta.dirname, '../../../shared/rigs');

export function slurmRig(): Found<SlurmRig> {
  const folder = process.env['SLURM_RIG_DIR'] ?? join(tmpdir(), 'slurm-rig');
  const conf = process.env['SLURM_CONF'] ?? join(folder, 'slurm.conf');
  if (!existsSync(conf)) return { missing: `no Slurm; ${BRING_UP}` };
  const ping = spawnSync('scontrol', ['ping'], {
    env: { ...process.env, SLURM_CONF: conf },
    encoding: 'utf8',
  });
  if (!ping.stdout?.includes('is UP')) return { missing: `Slurm's controller does not answer; ${BRING_UP}` };
  const text = readFileSync(conf, 'utf8');
  return {
    rig: {
      env: { SLURM_CONF: conf },
      folder,
      accounting: text.includes('accounting_storage/slurmdbd'),
      enforced: text.includes('task/cgroup'),
    },
  };
}

/** A cluster of a test file of its own: it takes nodes away that others would need. `down` ends it. */
export function ownSlurmRig(
  name: string,
  knobs: { readonly [name: string]: string },
): Found<SlurmRig & { down(): void }> {
  if (!existsSync(RIGS)) return { missing: 'no ../shared/rigs' };
  if (process.getuid?.() !== 0) return { missing: 'only root can start Slurm' };
  const folder = join(tmpdir(), `slurm-rig-${name}`);
  const env = { ...process.env, SLURM_RIG_NOINSTALL: '1', ...knobs, SLURM_RIG_DIR: folder };
  const up = spawnSync('bash', [join(RIGS, 'slurm-up.sh')], { env, encoding: 'utf8' });
  if (up.status !== 0) return { missing: up.stderr.trim().split('\n').at(-1) ?? 'no Slurm' };
  const rig = { env: { SLURM_CONF: join(folder, 'slurm.conf') }, folder, accounting: false, enforced: false };
  // The rig's own way down would take away control groups that another one uses.
  const down = (): void => {
    for (const file of readdirSync(join(folder, 'run')).filter((each) => each.endsWith('.pid'))) {
      const pid = Number(readFileSync(join(folder, 'run', file), 'utf8'));
      if (Number.isInteger(pid) && pid > 1) spawnSync('kill', [String(pid)], { stdio: 'ignore' });
    }
  };
  return { rig: { ...rig, down } };
}

export function sshRig(folder?: string): Found<SshRig> {
  const there = folder ?? process.env['SSH_RIG_DIR'] ?? join(tmpdir(), 'ssh-rig');
  const config = join(there, 'config');
  if (!existsSync(config)) return { missing: `no SSH hosts; ${BRING_UP}` };
  const hosts = [...readFileSync(config, 'utf8').matchAll(/^Host (\S+)$/gm)].flatMap(
    ([, name]) => name ?? [],
  );
  const silent = hosts.find(
    (host) => spawnSync('ssh', ['-F', config, host, 'true'], { stdio: 'ignore' }).status !== 0,
  );
  if (silent !== undefined) return { missing: `host ${silent} does not answer; ${BRING_UP}` };
  return { rig: { folder: there, config, hosts, scratch: join(there, 'scratch') } };
}

/** Hosts of a test file of its own: it cuts what others would need. */
export function ownSshRig(name: string, knobs: { readonly [name: string]: string }): Found<SshRig> {
  if (!existsSync(RIGS)) return { missing: 'no ../shared/rigs' };
  if (process.getuid?.() !== 0) return { missing: 'only root can start SSH hosts' };
  const folder = join(tmpdir(), `ssh-rig-${name}`);
  const env = { ...process.env, SSH_RIG_HOSTS: '', ...knobs, SSH_RIG_DIR: folder };
  const up = spawnSync('bash', [join(RIGS, 'sshd-up.sh')], { env, encoding: 'utf8' });
  if (up.status !== 0) return { missing: up.stderr.trim().split('\n').at(-1) ?? 'no SSH hosts' };
  return sshRig(folder);
}

/** Makes login nodes of the hosts: Slurm's programs, first on their PATH, know its configuration. */
export function slurmOnHosts({ folder }: SshRig, { env }: SlurmRig): void {
  for (const name of ['sbatch', 'squeue', 'scancel', 'scontrol', 'sacct', 'sinfo']) {
    const program = join(folder, 'bin', name);
    const text = `#!/bin/sh\nSLURM_CONF=${env.SLURM_CONF} PATH=\${PATH#*:} exec ${name} "$@"\n`;
    if (existsSync(program) && readFileSync(program, 'utf8') === text) continue;
    // Whole or not there: another test may be calling it.
    const temporary = `${program}.${process.pid}`;
    writeFileSync(temporary, text, { mode: 0o755 });
    renameSync(temporary, program);
  }
}

/** A command on a host of the rig; its output. */
export function onHost({ config }: SshRig, host: string, script: string): string {
  return execFileSync('ssh', ['-F', config, host, script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}
