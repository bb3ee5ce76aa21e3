/** @file What a stage of this run asks of the GPUs that the engine gives out. */

import type { Stage } from '../pipeline/graph.ts';
import type { RunContext } from './context.ts';
import type { Station } from './placement.ts';
import type { GpuAsk } from './tokens.ts';

/** The reason to wait changes with every job of others: it is told at once, and then so often. Milliseconds. */
const AGAIN = 30_000;

/** Undefined for a stage that needs none, or gets them where it goes. */
export async function gpuAskOf(
  { emit }: Pick<RunContext, 'emit'>,
  { id, resources }: Pick<Stage, 'id' | 'resources'>,
  { executor }: Pick<Station, 'executor'>,
  stop: AbortSignal,
): Promise<GpuAsk | undefined> {
  if (resources.gpus === 0) return undefined;
  const pool = await executor.gpus?.();
  if (pool === undefined) return undefined;
  let said = { detail: '', at: Number.NEGATIVE_INFINITY };
  const waits = (detail: string): void => {
    const at = performance.now();
    if (detail === said.detail || at - said.at < AGAIN) return;
    said = { detail, at };
    emit({ type: 'stage-waiting', at: Date.now(), stage: id, reason: 'resources', detail });
  };
  return { pool, wanted: resources, label: id, waits, stop };
}
