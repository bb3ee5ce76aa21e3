/**
 * @file The GPUs of this machine for one engine: what can be asked of them, and a place in the line for each stage that
 * waits. It knows neither runs nor stages; the engine here and the one that an SSH host runs use it alike.
 */
import { randomBytes } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';
import { thisProcess } from '../../../cache/owner.ts';
import { errnoOf } from '../../../cache/publish.ts';
import type { ExecutorFault, Verdict } from '../contract.ts';
import type { LocalSettings } from '../settings.ts';
import { type Claim, type Claimant, type Known, type Party, serveClaims, whyLater } from './claims.ts';
import { askUsage, detectGpus } from './detect.ts';
import { leaseFolder } from './folder.ts';
import type { Usage } from './gpu.ts';
import { type LeaseTrouble, lookAtLeases, WAKE, wake } from './lease.ts';
import { machineClock } from './line.ts';
import { leasableGpus } from './visible.ts';
import { refusal, type Wanted } from './wanted.ts';

export interface GpuPool {
  /** `never`, with the reason; `later`, with those who have them; or `now`. */
  check(wanted: Wanted): Promise<Verdict>;
  /** Takes a place in the line; what it answers gives the place up. */
  join(claimant: Claimant): () => void;
  /** Looks again: something else that a claimant waited for is there. */
  look(): void;
  close(): void;
}

export interface PoolSettings {
  readonly gpus?: LocalSettings['gpus'];
  /** As messages call the machine; default `this machine`. */
  readonly place?: string | undefined;
  /** Milliseconds that a large request is passed by smaller ones; default 30 s. */
  readonly patience?: number | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
}

const PATIENCE = 30_000;
/** Between two looks while somebody waits: a holder that was killed tells nobody. Milliseconds. */
const LOOK = 1000;
/** How long what `nvidia-smi` said of other programs is good enough to give a lease. Milliseconds. */
const FRESH = 3000;

export function openGpuPool(settings: PoolSettings = {}): GpuPool {
  const { env = process.env, place = 'this machine', patience = PATIENCE } = settings;
  const folder = leaseFolder(env);
  const party: Party = { id: randomBytes(8).toString('hex'), owner: thisProcess(), folder, patience };
  const claims = new Set<Claim>();
  let found: Promise<Omit<Known, 'usage'>> | undefined;
  let usage: { readonly at: number; readonly value: Usage | undefined } | undefined;
  let count = 0;
  let looking = false;
  let again = false;
  let closed = false;
  /** Whether the line may name claims of ours. */
  let named = false;
  let timer: NodeJS.Timeout | undefined;
  let watcher: FSWatcher | undefined;

  /** Asked once: GPUs do not come and go while an engine lives. */
  function find(): Promise<Omit<Known, 'usage'>> {
    found ??= detectGpus(env).then((detected) => ({
      detected,
      leasable: leasableGpus(detected.gpus, env['CUDA_VISIBLE_DEVICES'], settings.gpus),
    }));
    return found;
  }

  async function askAgain(): Promise<void> {
    const value = await askUsage(env);
    usage = { at: machineClock(), value };
  }

  function isStale(): boolean {
    return usage === undefined || machineClock() - usage.at > FRESH;
  }

  async function turn(): Promise<void> {
    const gpus = await find();
    const uuids = gpus.detected.gpus.map(({ uuid }) => uuid);
    const seen = await lookAtLeases(folder, uuids, env, (look) => {
      if (closed) return 'served';
      const served = serveClaims(claims, { ...gpus, usage: usage?.value }, look, party, isStale());
      named = served === 'served' ? claims.size > 0 : named;
      return served;
    });
    if (!seen.ok) {
      for (const { claimant } of [...claims]) claimant.waits(seen.error.why);
    } else if (seen.value === 'ask') {
      await askAgain();
      again = true;
    }
  }

  async function look(): Promise<void> {
    again = true;
    if (looking) return;
    looking = true;
    clearTimeout(timer);
    while (again && !closed && (claims.size > 0 || named)) {
      again = false;
      await turn();
    }
    looking = false;
    if (closed || claims.size === 0) return;
    watchOthers();
    // Not all engines of a machine at once.
    timer = setTimeout(() => void look(), LOOK * (0.8 + 0.4 * Math.random()));
  }

  function watchOthers(): void {
    if (watcher !== undefined) return;
    try {
      watcher = watch(join(folder, WAKE), { persistent: false }, () => void look());
      watcher.on('error', () => {});
    } catch (error) {
      // Nobody gave anything back yet, or there are no watches left: then there is the timer.
      if (errnoOf(error) === undefined) throw error;
    }
  }

  return {
    check: async (wanted) => {
      if (wanted.gpus === 0) return { fits: 'now' };
      const gpus = await find();
      const fault = refusal(wanted, gpus.leasable, gpus.detected, place);
      if (fault !== undefined) return { fits: 'never', fault };
      if (isStale()) await askAgain();
      const uuids = gpus.detected.gpus.map(({ uuid }) => uuid);
      const seen = await lookAtLeases(folder, uuids, env, (at) =>
        whyLater(wanted, { ...gpus, usage: usage?.value }, at, party),
      );
      if (!seen.ok) return { fits: 'never', fault: leaseFault(seen.error) };
      return seen.value === undefined ? { fits: 'now' } : { fits: 'later', why: seen.value };
    },
    join: (claimant) => {
      count += 1;
      const claim = { claimant, id: `${party.id}.${count}`, since: machineClock(), number: undefined };
      claims.add(claim);
      void look();
      return () => {
        if (claims.delete(claim)) void look().then(() => wake(folder));
      };
    },
    look: () => void look(),
    close: () => {
      closed = true;
      clearTimeout(timer);
      watcher?.close();
    },
  };
}

function leaseFault({ why, hint, output }: LeaseTrouble): ExecutorFault {
  return { code: 'gpu-leases', message: `GPUs cannot be shared out: ${why}.`, hint, output, passing: false };
}
