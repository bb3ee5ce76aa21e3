/** @file Attempts of earlier runs that may be alive: found again and adopted, submitted again, or told to end. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ok } from '../../base/result.ts';
import type { Handle } from '../executors/contract.ts';
import type { End } from '../executors/follow/track.ts';
import { GRACE } from '../executors/supervision.ts';
import type { Stage } from '../pipeline/graph.ts';
import { reach } from './admission.ts';
import type { RunContext } from './context.ts';
import { type Failed, lostAttempt } from './failure.ts';
import type { Pending } from './intents.ts';
import { refusal, type Station } from './placement.ts';
import type { Adopted } from './process.ts';
import { pause, unlessStopped } from './turn.ts';

type Surroundings = Pick<RunContext, 'placements' | 'emit' | 'options'>;

export type Found =
  | ({ readonly kind: 'adopted' } & Adopted)
  /** It never got there: it may be submitted under the same name. */
  | { readonly kind: 'unsubmitted' }
  | ({ readonly kind: 'failed' } & Failed)
  | { readonly kind: 'stopped' };

/** Between two questions to an executor that cannot be asked, doubling. Seconds. */
const FIRST = 1;
const MOST = 60;

/** Asks the executor that has it; while that cannot be asked, the stage waits. `folder`: the attempt's, here. */
export async function findPending(
  { emit, options: { stop } }: Surroundings,
  { id: stage }: Pick<Stage, 'id'>,
  { intent, handle }: Pending,
  { executor }: Station,
  folder: string,
): Promise<Found> {
  const { name, folder: there, host, at } = intent;
  if (handle !== undefined) return { kind: 'adopted', handle, at, stamps: intent.stamps };
  let said = '';
  for (let wait = FIRST; ; wait = Math.min(2 * wait, MOST)) {
    const found = await unlessStopped(executor.find([{ name, folder: there, host }]), stop, 0);
    if (found === undefined) return { kind: 'stopped' };
    if (found.ok) {
      const known = found.value.get(name);
      if (known !== undefined) return { kind: 'adopted', handle: known, at, stamps: intent.stamps };
      const began = executor.capabilities.sharedFs && existsSync(join(folder, 'job', 'started'));
      if (!began) return { kind: 'unsubmitted' };
      return { kind: 'failed', ...lostAttempt(`it had begun, and ${executor.shown} knows nothing of it`) };
    }
    if (!found.error.passing) return { kind: 'failed', failure: refusal(found.error), cause: 'invalid' };
    const detail = `${name} may be on its way there: ${found.error.message}`;
    if (detail !== said) emit({ type: 'stage-waiting', at: Date.now(), stage, reason: 'executor', detail });
    said = detail;
    await new Promise<void>((goOn) => pause(wait, stop, goOn));
    if (stop?.aborted) return { kind: 'stopped' };
  }
}

/** Tells it to end and waits until its executor agrees. Says so if it may go on all the same. */
export async function endPending(
  context: Surroundings,
  stage: Pick<Stage, 'id'>,
  pending: Pending,
): Promise<void> {
  const { emit, options } = context;
  const { profile, settings, name } = pending.intent;
  const detail = `${name}, its earlier attempt, ends first`;
  emit({ type: 'stage-waiting', at: Date.now(), stage: stage.id, reason: 'executor', detail });
  const leave = new AbortController();
  // With `--force` nobody waits for an executor that cannot be reached.
  leave.abort();
  const reached = await reach(
    { placements: context.placements, emit },
    stage,
    { profile, settings },
    leave.signal,
  );
  const ended =
    reached.kind === 'open' ? await tellToEnd(reached.station, pending, GRACE, options.kill) : undefined;
  if (ended !== undefined && ended.kind !== 'left') return;
  const why = ended?.why.replace(/\.$/, '') ?? 'its executor cannot be reached';
  const message = `An earlier attempt of ${stage.id}, ${name} on ${profile}, may go on: ${why}.`;
  const diagnostic = {
    code: 'attempt-left',
    severity: 'warning',
    message,
    hint: 'its result is not used',
  } as const;
  emit({ type: 'warning', at: Date.now(), stage: stage.id, diagnostic });
}

/** Until its executor agrees that it has ended; `nowhere`: nobody there knows of it. `grace` in milliseconds. */
export async function tellToEnd(
  { executor, tracker }: Station,
  { intent: { name, folder, host }, handle: known }: Pending,
  grace: number,
  kill?: AbortSignal,
): Promise<End | { readonly kind: 'nowhere' }> {
  const found =
    known === undefined
      ? await executor.find([{ name, folder, host }])
      : ok(new Map<string, Handle>([[name, known]]));
  if (!found.ok) return { kind: 'left', why: found.error.message };
  const handle = found.value.get(name);
  if (handle === undefined) return { kind: 'nowhere' };
  const nobody = (): void => {};
  const watch = { output: nobody, events: nobody, submitted: nobody, state: nobody };
  const followed = tracker.adopt(handle, watch);
  followed.cancel(grace);
  const now = (): void => followed.cancel(0);
  kill?.addEventListener('abort', now);
  const ended = await followed.done;
  kill?.removeEventListener('abort', now);
  return ended;
}
