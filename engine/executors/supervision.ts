/** @file The engine's end of its supervisor: a small process that outlives the engine and takes its stages down. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { nodeArguments } from './node.ts';

export interface Supervisor {
  /** In the environment of every stage, so that even those which left their group are found. */
  readonly token: string;
  add(group: number): void;
  remove(group: number): void;
  close(): void;
}

/** Milliseconds from SIGTERM to SIGKILL: time to write a checkpoint. */
export const GRACE = 10_000;

export function startSupervisor(): Supervisor {
  const token = randomBytes(16).toString('hex');
  const child = spawn(
    process.execPath,
    [...nodeArguments('./supervisor', import.meta.url), token, String(GRACE)],
    {
      stdio: ['pipe', 'ignore', 'ignore'],
      // A session of its own: Ctrl-C in the terminal must not end it before the stages.
      detached: true,
      env: {},
    },
  );
  const pipe = child.stdin as unknown as Socket;
  // It watches; the engine does not wait for it.
  child.unref();
  pipe.unref();
  pipe.on('error', () => {});
  child.on('error', () => {});
  return {
    token,
    add: (group) => void pipe.write(`+${group}\n`),
    remove: (group) => void pipe.write(`-${group}\n`),
    close: () => void pipe.end('end\n'),
  };
}
