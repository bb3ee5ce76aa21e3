/**
 * @file The attempts of a run: one at a time for a key, each as soon as there is room for it, and another after a failure
 * where that is worth it.
 */
import { setMaxListeners } from 'node:events';
import type { Key } from '../../base/ids.ts';
import { ok } from '../../base/result.ts';
import { readAction } from '../../cache/actions.ts';
import type { Lease } from '../executors/gpus/lease.ts';
import type { Stage } from '../pipeline/graph.ts';
import { type Admitted, admit, reach } from './admission.ts';
import { attemptStage, type Ended, isAfresh, type ToRun } from './attempt.ts';
import type { Place } from './board.ts';
import { claim } from './claim.ts';
import type { RunContext } from './context.ts';
import { gpuAskOf } from './gpus.ts';
import { pendingAttempt } from './intents.ts';
import { makeSlots, slotOf } from './slots.ts';
import { type Demand, demandOf, makeTokens } from './tokens.ts';
import { announceRetry, pause, retryAfter, type Turn } from './turn.ts';

/** `abandoned`: it was its turn, and nothing more is started. */
export type AttemptEnd =
  | Exclude<Ended, { kind: 'moved' }>
  | { readonly kind: 'abandoned'; readonly reason: string };

interface AttemptsOf {
  settle(place: Place, decision: ToRun, turn: Turn, ended: AttemptEnd): void;
  /** For a stage that waited while another one made its result. */
  again(place: Place, decision: ToRun): void;
  /** Called when a stage has given back what it held. */
  left(): void;
  crash(error: unknown): void;
}

interface Attempts {
  start(place: Place, decision: ToRun): void;
  /** From now on nothing is started; what waits for its next attempt waits no longer. */
  close(reason: string): void;
  /** Whether anything runs or waits. */
  busy(): boolean;
}

export function makeAttempts(
  context: RunContext,
  total: Parameters<typeof makeTokens>[0],
  { settle, again, left, crash }: AttemptsOf,
): Attempts {
  const { world, options, emit } = context;
  const { project } = world;
  const tokens = makeTokens(total);
  /** Keys being made, with the stages of this run that wait for the same result. */
  const making = new Map<Key, (() => void)[]>();
  const closed = new AbortController();
  const halted = options.stop === undefined ? closed.signal : AbortSignal.any([options.stop, closed.signal]);
  setMaxListeners(0, halted);
  const slots = makeSlots(halted);

  /** One attempt; if it fails, there may be another. */
  async function launch(place: Place, decision: ToRun, turn: Turn): Promise<void> {
    const stage = { ...place.stage, resources: turn.resources };
    // What an earlier run submitted is gone on with where it is, wherever this run would send it.
    const pending = isAfresh(decision, turn.tries) ? ok(undefined) : pendingAttempt(project, decision.key);
    const admitted = await whereTo(stage, pending);
    if (admitted.kind !== 'open') {
      const refused: AttemptEnd =
        admitted.kind === 'stopped'
          ? { kind: 'abandoned', reason: whyHalted() }
          : { kind: 'failed', failure: admitted.failure, cause: 'invalid', seconds: 0 };
      leave(decision, undefined, () => settle(place, decision, turn, refused));
      return;
    }
    const { station } = admitted;
    const { limits } = stage;
    const resumes = pending.ok ? pending.value?.intent.name : undefined;
    const gpus = await gpuAskOf(context, stage, station, halted);
    if (gpus !== undefined) {
      // Whoever waits for another engine's result holds no GPU meanwhile, and needs none if that comes.
      const release = await claim(context, stage.id, decision.key);
      release?.();
      const record = decision.anyway ? undefined : readAction(world.project.cache, decision.key);
      if (record !== undefined) {
        leave(decision, undefined, () => settle(place, decision, turn, { kind: 'found', record }));
        return;
      }
    }
    // What waits elsewhere takes nothing of this machine.
    const demand = station.executor.capabilities.queues
      ? { cpus: 0, memory: 0, limits }
      : demandOf(stage, world.backendOf(stage.kind) !== null, total);
    // What is out already is only gone on with.
    const slot = resumes === undefined ? slotOf(options.profiles, station) : undefined;
    const giveBack = (lease: Lease | undefined): void => {
      lease?.release();
      if (slot !== undefined) slots.give(slot);
    };
    const start = (lease?: Lease): void => {
      if (halted.aborted) {
        giveBack(lease);
        const abandoned: AttemptEnd = { kind: 'abandoned', reason: whyHalted() };
        leave(decision, demand, () => settle(place, decision, turn, abandoned));
        return;
      }
      attemptStage(context, stage, decision, turn.tries, { ...station, resumes, lease })
        .then((ended) => {
          giveBack(lease);
          if (ended.kind === 'moved') {
            tokens.release(demand);
            launch(place, decision, turn).catch(crash);
            return;
          }
          const retry = closed.signal.aborted ? undefined : retryAfter(stage, turn, ended);
          if (retry === undefined) {
            leave(decision, demand, () => settle(place, decision, turn, ended));
            return;
          }
          announceRetry(context, stage, retry);
          tokens.release(demand);
          // What waits holds nothing.
          pause(retry.wait, halted, () => launch(place, decision, retry.turn).catch(crash));
        })
        .catch(crash);
    };
    const held = (names: readonly string[]): void => {
      const detail = names.map((name) => `${name} (${total.limits[name]})`).join(', ');
      emit({ type: 'stage-waiting', at: Date.now(), stage: stage.id, reason: 'limit', detail });
    };
    const begin = (lease?: Lease): void => {
      if (slot === undefined) start(lease);
      else if (!slots.take(slot, start)) {
        const detail = `${slot.most} attempts are on ${slot.profile}, its jobs: at a time`;
        emit({ type: 'stage-waiting', at: Date.now(), stage: stage.id, reason: 'executor', detail });
      }
    };
    tokens.request(demand, begin, held, gpus);
  }

  async function whereTo(stage: Stage, pending: ReturnType<typeof pendingAttempt>): Promise<Admitted> {
    if (!pending.ok) return { kind: 'refused', failure: pending.error };
    if (pending.value === undefined) return admit(context, stage, context.placements.of(stage), halted);
    return reach(context, stage, pending.value.intent, halted);
  }

  function whyHalted(): string {
    return options.stop?.aborted ? 'interrupted' : String(closed.signal.reason);
  }

  /** The stage gives back what it held; those that waited for the same result are asked again. */
  function leave({ key }: ToRun, demand: Demand | undefined, end: () => void): void {
    const waiting = making.get(key) ?? [];
    making.delete(key);
    end();
    if (demand !== undefined) tokens.release(demand);
    for (const each of waiting) each();
    left();
  }

  return {
    start: (place, decision) => {
      const twins = making.get(decision.key);
      if (twins !== undefined) {
        twins.push(() => again(place, decision));
        return;
      }
      making.set(decision.key, []);
      const { resources } = context.placements.of(place.stage);
      launch(place, decision, { tries: 1, counted: 0, row: 0, resources, failed: undefined }).catch(crash);
    },
    close: (reason) => closed.abort(reason),
    busy: () => making.size > 0,
  };
}
