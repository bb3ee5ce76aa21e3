/** @file One stage run again beside the cache, and what it made compared with the record. */

import type { ActionRecord } from '../../cache/actions.ts';
import type { StageFailure } from '../event.ts';
import type { Stage } from '../pipeline/graph.ts';
import type { Keyed } from '../plan/decide.ts';
import { suffixOfOutput } from '../plan/suffix.ts';
import { borrowAttempt } from '../run/attempt-folder.ts';
import { claim } from '../run/claim.ts';
import { outputFault } from '../run/collect.ts';
import type { RunContext } from '../run/context.ts';
import { changedInput } from '../run/input-checks.ts';
import { pendingAttempt } from '../run/intents.ts';
import { perform } from '../run/perform.ts';
import type { Placed } from '../run/placement.ts';
import { compareOutput } from './compare.ts';
import type { Found } from './difference.ts';
import { digestMade } from './made.ts';

export type VerifyContext = Omit<RunContext, 'run' | 'lease' | 'held'>;

/** One output that differs. */
export interface OutputFound extends Found {
  readonly output: string;
}

export type Repeated =
  | { readonly kind: 'compared'; readonly seconds: number; readonly outputs: readonly OutputFound[] }
  | { readonly kind: 'failed'; readonly seconds: number; readonly failure: StageFailure }
  /** It could not be run as it was: bytes that it reads are gone, or were changed under it. */
  | { readonly kind: 'unable'; readonly reason: string }
  | { readonly kind: 'cancelled' };

/** Holds the key's lock meanwhile: the attempt lies where every first attempt of the key does, with an empty state. */
export async function repeatStage(
  context: VerifyContext,
  stage: Stage,
  hit: Keyed & { readonly record: ActionRecord },
  tolerance: number,
  placed: Placed,
): Promise<Repeated> {
  const release = await claim(context, stage.id, hit.key);
  if (release === undefined) return { kind: 'cancelled' };
  const pending = pendingAttempt(context.world.project, hit.key);
  if (!pending.ok || pending.value !== undefined) {
    release();
    return { kind: 'unable', reason: 'an attempt that was submitted elsewhere may still work in its folder' };
  }
  const { attempt, giveBack } = borrowAttempt(context.world.project, hit.key);
  try {
    const began = performance.now();
    const performed = await perform(context, stage, hit, attempt, [], 1, placed);
    const seconds = (performance.now() - began) / 1000;
    switch (performed.kind) {
      case 'cancelled':
        return { kind: 'cancelled' };
      case 'again':
        return { kind: 'unable', reason: 'an input was spoiled while it ran' };
      case 'lost':
        return { kind: 'unable', reason: `what ${performed.producer} made is not whole in the cache` };
      case 'failed':
        return { kind: 'failed', seconds, failure: performed.failure };
      case 'ended':
        if (performed.made.at === 'away')
          throw new Error('Internal error: a stage is verified away from here');
        return await compare(context, stage, hit.record, performed.made.outputs, { tolerance, seconds });
    }
  } finally {
    giveBack();
    release();
  }
}

async function compare(
  context: VerifyContext,
  stage: Stage,
  record: ActionRecord,
  paths: { readonly [name: string]: string },
  { tolerance, seconds }: { readonly tolerance: number; readonly seconds: number },
): Promise<Repeated> {
  const changed = changedInput(context, stage);
  if (changed !== undefined) return { kind: 'unable', reason: `${changed} changed while it ran` };
  const fault = outputFault(stage, paths);
  if (fault !== undefined) return { kind: 'failed', seconds, failure: fault };
  const outputs: OutputFound[] = [];
  for (const [output, declared] of Object.entries(stage.out)) {
    const made = await digestMade(paths[output] as string);
    if (!made.ok) return { kind: 'failed', seconds, failure: { ...made.error, file: made.error.path } };
    const recorded = record.outputs[output];
    if (recorded === undefined) return { kind: 'unable', reason: `the record has no ${output}` };
    const { cache } = context.world.project;
    const found = await compareOutput(cache, recorded, made.value, suffixOfOutput(declared), tolerance);
    if (found.differences.length > 0 || found.within > 0) outputs.push({ output, ...found });
  }
  return { kind: 'compared', seconds, outputs };
}
