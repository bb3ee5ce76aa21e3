/** @file On the host: GPUs for jobs, by the machine's own leases, which every engine on it keeps to. */
import { refuse } from '../../../site/agent/refusal.ts';
import { detectGpus } from '../../gpus/detect.ts';
import { shownGpu } from '../../gpus/gpu.ts';
import type { Lease } from '../../gpus/lease.ts';
import { type GpuPool, openGpuPool } from '../../gpus/pool.ts';
import { leasableGpus } from '../../gpus/visible.ts';
import type { GpuAsk } from '../requests.ts';

interface Place {
  lease: Lease | undefined;
  why: string | undefined;
  /** Gives the place in the line up. */
  leave(): void;
}

/** They go with the agent: who asks again after a cut stands in line again. */
const pools = new Map<string, GpuPool>();
const places = new Map<string, Place>();

/** Milliseconds that a place is kept for the first answer: mostly it is there at once. */
const FIRST = 500;
const LOOK = 20;

interface Reserved {
  readonly got: 'granted' | 'waits' | 'never';
  readonly why: string | null;
}

export async function reserveGpus(name: string, label: string, ask: GpuAsk): Promise<Reserved> {
  const pool = poolOf(ask);
  let place = places.get(name);
  if (place === undefined) {
    const verdict = await pool.check(ask);
    if (verdict.fits === 'never') return { got: 'never', why: verdict.fault.message };
    place = places.get(name) ?? standInLine(pool, name, label, ask);
  }
  const deadline = performance.now() + FIRST;
  while (place.lease === undefined && place.why === undefined && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
  if (place.lease !== undefined) return { got: 'granted', why: null };
  return { got: 'waits', why: place.why ?? 'its GPUs are asked about' };
}

function standInLine(pool: GpuPool, name: string, label: string, wanted: GpuAsk): Place {
  const place: Place = { lease: undefined, why: undefined, leave: () => {} };
  places.set(name, place);
  place.leave = pool.join({
    wanted,
    label,
    ready: () => true,
    start: (lease) => {
      place.lease = lease;
    },
    offered: () => {},
    waits: (why) => {
      place.why = why;
    },
  });
  return place;
}

/** The lease of a job that begins now, or why there is none. The caller gives it back. */
export async function takeGpus(name: string, label: string, ask: GpuAsk): Promise<Lease | string> {
  const { got, why } = await reserveGpus(name, label, ask);
  const lease = places.get(name)?.lease;
  if (got === 'never') throw refuse('gpus-too-many', why ?? 'There are no such GPUs.');
  if (lease === undefined) return why ?? '';
  places.delete(name);
  return lease;
}

export function leaveGpus(name: string): void {
  const place = places.get(name);
  places.delete(name);
  place?.leave();
  place?.lease?.release();
}

export async function checkGpus(
  ask: GpuAsk,
): Promise<{ readonly never: string | null; readonly later: string | null }> {
  const verdict = await poolOf(ask).check(ask);
  switch (verdict.fits) {
    case 'now':
      return { never: null, later: null };
    case 'later':
      return { never: null, later: verdict.why };
    case 'never':
      return { never: verdict.fault.message, later: null };
  }
}

export async function describeGpus(
  chosen: readonly string[],
): Promise<{ gpus: readonly string[]; trouble: string | null }> {
  const detected = await detectGpus(process.env);
  const { gpus } = leasableGpus(detected.gpus, process.env['CUDA_VISIBLE_DEVICES'], choiceOf(chosen));
  return {
    gpus: gpus.map((gpu) => `${shownGpu(gpu)} ${gpu.name}`),
    trouble: detected.trouble?.why ?? null,
  };
}

function poolOf({ chosen, place }: GpuAsk): GpuPool {
  const id = chosen.join(' ');
  let pool = pools.get(id);
  if (pool === undefined) {
    pool = openGpuPool({ gpus: choiceOf(chosen), place });
    pools.set(id, pool);
  }
  return pool;
}

function choiceOf(chosen: readonly string[]): 'all' | 'none' | readonly string[] {
  if (chosen.length !== 1) return chosen;
  return chosen[0] === 'all' || chosen[0] === 'none' ? chosen[0] : chosen;
}
