/** @file Links to hosts of the SSH rig, each with a root of its own on the host's private disk. */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Link, openLink } from '../../engine/site/link.ts';
import type { HostLine } from '../../engine/site/ssh.ts';
import type { SshRig } from './services.ts';

/** Short, so that a test sees a cut in seconds. */
const ALIVE = { connect: 2, every: 1 };

export interface Place {
  readonly host: string;
  /** As the host sees it. */
  readonly root: string;
  /** The same folder, as this machine sees it. */
  readonly shown: string;
}

/** An empty root on the first host. */
export function place({ folder, hosts, scratch }: SshRig): Place {
  const host = hosts[0] as string;
  const name = `link-${randomBytes(4).toString('hex')}`;
  const shown = join(folder, 'hosts', host, 'scratch', name);
  onTestFinished(() => rmSync(shown, { recursive: true, force: true }));
  return { host, root: join(scratch, name), shown };
}

/** Closed when the test ends. */
export function link(line: HostLine): Link {
  const opened = openLink(line, { alive: ALIVE });
  onTestFinished(() => opened.close());
  return opened;
}
