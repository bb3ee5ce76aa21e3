/** @file Ways to a host of the SSH rig: other settings of ssh, and a cable that a test cuts and heals and counts bytes on. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { SshRig } from './services.ts';

export interface Cable {
  /** An ssh configuration in which the host's name leads over this cable. */
  readonly config: string;
  /** Bytes to the host so far. */
  sent(): number;
  /** Connections so far. */
  connections(): number;
  /** Until so many bytes more have gone to the host. */
  carried(bytes: number): Promise<void>;
  /** Nothing goes through and nobody is told; new connections hang. */
  cut(): void;
  heal(): void;
  /** Ends every connection at once. */
  sever(): void;
}

/** A configuration in which some settings of a host are others. */
export function sshConfig(
  { config }: Pick<SshRig, 'config'>,
  host: string,
  settings: readonly string[],
): string {
  const folder = mkdtempSync(join(tmpdir(), 'ssh-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const own = join(folder, 'config');
  const lines = [`Host ${host}`, ...settings.map((line) => `  ${line}`), 'Match all', `  Include ${config}`];
  writeFileSync(own, `${lines.join('\n')}\n`);
  return own;
}

export async function startCable({ config }: SshRig, host: string): Promise<Cable> {
  const told = execFileSync('ssh', ['-G', '-F', config, host], { encoding: 'utf8' });
  const [, address = ''] = /^hostname (\S+)$/m.exec(told) ?? [];
  const port = Number(/^port (\d+)$/m.exec(told)?.[1]);
  const sockets = new Set<Socket>();
  const waiting: { readonly least: number; readonly tell: () => void }[] = [];
  let sent = 0;
  let connections = 0;
  let isCut = false;

  const server = createServer((near) => {
    connections += 1;
    const far = connect(port, address);
    far.on('data', () => {});
    near.on('data', (chunk: Buffer) => {
      sent += chunk.length;
      for (const one of waiting.filter(({ least }) => sent >= least)) one.tell();
    });
    near.pipe(far);
    far.pipe(near);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      if (isCut) one.pause();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own = sshConfig({ config }, host, [
    'HostName 127.0.0.1',
    `Port ${(server.address() as AddressInfo).port}`,
    `HostKeyAlias [${address}]:${port}`,
  ]);
  const sever = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(() => {
    sever();
    server.close();
  });
  return {
    config: own,
    sent: () => sent,
    connections: () => connections,
    carried: (bytes) => new Promise((tell) => waiting.push({ least: sent + bytes, tell })),
    cut: () => {
      isCut = true;
      for (const socket of sockets) socket.pause();
    },
    heal: () => {
      isCut = false;
      for (const socket of sockets) socket.resume();
    },
    sever,
  };
}
