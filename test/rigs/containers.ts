/** @file Containers of the shared rigs: a `podman` for PATH, and what else can stand there. */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

const SCRIPT = join(import.meta.dirname, '../../../shared/rigs/podman-up.sh');

export interface Containers {
  /** Words of a podman that has the image. */
  readonly podman: readonly string[];
  /** A static busybox, by its digest. */
  readonly image: string;
  /** What podman, and a docker client that talks to it, find in their environment. */
  readonly env: { readonly [name: string]: string };
}

/** Undefined, with a word on stderr, where there are none. */
export function containers(): Containers | undefined {
  if (!existsSync(SCRIPT)) return skipped('../shared/rigs/podman-up.sh is not there');
  if (process.getuid?.() !== 0) return skipped('the rig must run as root');
  try {
    const text = execFileSync('bash', [SCRIPT], { encoding: 'utf8', timeout: 120_000, stdio: 'pipe' });
    const found = new Map([...text.matchAll(/^export (\w+)='?(.*?)'?$/gm)].map(([, k, v]) => [k, v]));
    const podman = (found.get('PODMAN_RIG') ?? '').split(' ');
    const env = {
      CONTAINERS_CONF: found.get('CONTAINERS_CONF') ?? '',
      DOCKER_HOST: found.get('DOCKER_HOST') ?? '',
    };
    const [program = '', ...words] = podman;
    const format = ['image', 'inspect', '--format', '{{index .RepoDigests 0}}', 'rig/base:1'];
    const image = execFileSync(program, [...words, ...format], {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    }).trim();
    return { podman, image, env };
  } catch (error) {
    return skipped(`the rig does not start: ${(error as Error).message}`);
  }
}

function skipped(why: string): undefined {
  console.error(`Tests of containers are skipped: ${why}`);
  return undefined;
}

/** A folder for PATH with these programs, as texts of `/bin/sh`. */
export function programs(texts: { readonly [name: string]: string }): string {
  const folder = mkdtempSync(join(tmpdir(), 'programs-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(texts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

/** The rig's podman under its usual name, first on a PATH. */
export function podmanOnPath({ podman }: Containers): string {
  const [program = '', ...words] = podman;
  const found = execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim();
  return `${programs({ podman: `exec ${found} ${words.join(' ')} "$@"` })}:${process.env['PATH']}`;
}

/** Containers whose name begins so. */
export async function running({ podman, env }: Containers, name: string): Promise<string> {
  const [program = '', ...words] = podman;
  const child = spawn(program, [...words, 'ps', '-q', '--filter', `name=${name}`], {
    env: { ...process.env, ...env },
  });
  return (await child.stdout.toArray()).join('');
}
