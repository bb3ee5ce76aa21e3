/**
 * @file An engine as far as GPUs go, in a process of its own: `gpu-engine PATIENCE`. A line of JSON on stdin asks for GPUs or
 * ends a job, a line on stdout says what came of it. A job is a process that inherits the lease and sleeps.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Lease } from '../../engine/executors/gpus/lease.ts';
import { openGpuPool } from '../../engine/executors/gpus/pool.ts';

export interface Order {
  readonly order: 'ask' | 'leave' | 'end' | 'ready';
  readonly name: string;
  readonly gpus?: number;
  /** Of `ask` and `ready`. */
  readonly ready?: boolean;
}

export type Said =
  | { readonly said: 'got'; readonly name: string; readonly uuids: readonly string[]; readonly pid: number }
  | { readonly said: 'waits'; readonly name: string; readonly why: string }
  | { readonly said: 'offered'; readonly name: string };

const pool = openGpuPool({ patience: Number(process.argv[2]) });
const ready = new Map<string, boolean>();
const leaves = new Map<string, () => void>();
const ends = new Map<string, () => void>();
const say = (said: Said): void => void process.stdout.write(`${JSON.stringify(said)}\n`);

function begin(name: string, lease: Lease): void {
  const { uuids, files } = lease.grant;
  const job = spawn('sleep', ['600'], { stdio: ['ignore', 'ignore', 'ignore', ...files], detached: true });
  ends.set(name, () => job.kill('SIGKILL'));
  job.once('exit', () => lease.release());
  say({ said: 'got', name, uuids, pid: job.pid as number });
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { order, name, gpus = 1, ready: isReady = true } = JSON.parse(line) as Order;
  switch (order) {
    case 'ask': {
      ready.set(name, isReady);
      const leave = pool.join({
        wanted: { gpus, gpuMemory: 0 },
        label: name,
        ready: () => ready.get(name) === true,
        start: (lease) => begin(name, lease),
        offered: () => say({ said: 'offered', name }),
        waits: (why) => say({ said: 'waits', name, why }),
      });
      leaves.set(name, leave);
      break;
    }
    case 'leave':
      leaves.get(name)?.();
      break;
    case 'end':
      ends.get(name)?.();
      break;
    case 'ready':
      ready.set(name, isReady);
      pool.look();
      break;
  }
});
