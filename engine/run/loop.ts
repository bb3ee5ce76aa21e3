/** @file The run loop: decides every stage when its upstream is settled, and starts what has no result. */
import { availableParallelism, totalmem } from 'node:os';
import type { StageId } from '../../base/ids.ts';
import type { ActionRecord } from '../../cache/actions.ts';
import type { Action, Because, StageFailure } from '../event.ts';
import type { Stage } from '../pipeline/graph.ts';
import { type Decision, decide, type Keyed } from '../plan/decide.ts';
import type { OutPlace } from '../plan/placed.ts';
import { lostBecause, type Planned } from '../plan/plan.ts';
import type { Outputs } from '../plan/resolve.ts';
import { attemptStage, type Ended } from './attempt.ts';
import { type Board, makeBoard, type Place } from './board.ts';
import type { RunContext } from './context.ts';
import { placeOut } from './placing.ts';
import type { StageResult } from './result.ts';
import { type Demand, makeTokens } from './tokens.ts';

/** How often a result may be gone again right after it was made, before the cache is to blame. */
const MAX_LOSSES = 2;

export interface LoopEnd {
  readonly results: readonly StageResult[];
  readonly out: { readonly [name: string]: string };
  readonly outputsOf: (id: StageId) => Outputs | undefined;
}

export function runLoop(
  context: RunContext,
  planned: Planned,
  stages: readonly Stage[],
  outs: readonly OutPlace[],
): Promise<LoopEnd> {
  const { index, world, options, emit } = context;
  const board: Board = makeBoard(index, stages);
  const total: Demand = { cpus: options.jobs ?? availableParallelism(), memory: totalmem() };
  const tokens = makeTokens(total);
  const labels = new Map(planned.plan.stages.map(({ id, label }) => [id, label]));
  const out: { [name: string]: string } = {};
  /** Set by the first failure without `keepGoing`, and by an interruption: nothing more is started. */
  let closing: string | undefined;
  let running = 0;
  /** False once a result was found to be gone: what was planned on it may not hold. */
  let planHolds = true;
  let finish: (end: LoopEnd) => void;
  let crash: (error: unknown) => void;
  const finished = new Promise<LoopEnd>((resolve, reject) => {
    finish = resolve;
    crash = reject;
  });

  /** The plan's own decision, unless something was lost since. */
  function decisionOf(place: Place): Decision {
    const first = planHolds ? planned.decisions.get(place.stage.id) : undefined;
    if (first !== undefined && first.state !== 'waiting' && first.state !== 'lost') return first;
    return decide(place.stage, index, world, board.outputsOf, { anyway: anywayOf(place) });
  }

  function anywayOf(place: Place): Because | undefined {
    if (place.anyway !== undefined) return place.anyway;
    const targeted = options.targets === undefined || options.targets.includes(place.stage.id);
    return options.force && targeted ? { kind: 'forced' } : undefined;
  }

  function pump(): void {
    for (let place = board.next(); place !== undefined; place = board.next()) step(place);
    if (running === 0 && board.allSettled())
      finish({ results: stages.map(({ id }) => resultOf(id)), out, outputsOf: board.outputsOf });
  }

  function resultOf(id: StageId): StageResult {
    return board.places.get(id)?.result as StageResult;
  }

  function step(place: Place): void {
    const blocked = blockerOf(place.stage);
    if (blocked !== undefined) {
      const cancelled = resultOf(blocked).action === 'cancelled';
      return end(place, cancelled ? 'cancelled' : 'skipped', { reason: `needs ${blocked}` });
    }
    if (options.stop?.aborted) return end(place, 'cancelled', { reason: 'interrupted' });
    const decision = decisionOf(place);
    switch (decision.state) {
      case 'hit':
        return settleHit(place, decision, decision.record);
      case 'run':
        return closing === undefined ? queue(place, decision) : end(place, 'cancelled', { reason: closing });
      case 'lost':
        return recover(place, decision.unresolved.stage, {
          kind: 'lost',
          detail: decision.unresolved.detail,
        });
      case 'failed':
        return fail(place, decision.failure, 0);
      case 'waiting':
        throw new Error(`Internal error: ${place.stage.id} is ready, but its upstream has no result`);
    }
  }

  /** The nearest stage above without a result. */
  function blockerOf(stage: Stage): StageId | undefined {
    return index.upstream.get(stage.id)?.find((id) => board.outputsOf(id) === undefined);
  }

  function queue(place: Place, decision: Extract<Decision, { state: 'run' }>): void {
    const { gpus } = place.stage.resources;
    if (gpus > 0) {
      const message = `it asks for ${gpus} GPU${gpus === 1 ? '' : 's'}, and the local executor grants none`;
      return fail(place, { code: 'no-gpu', message, hint: 'remove resources.gpus to run it on CPUs' }, 0);
    }
    const demand = demandOf(place.stage);
    running += 1;
    tokens.request(demand, () => {
      if (closing !== undefined || options.stop?.aborted) {
        running -= 1;
        tokens.release(demand);
        end(place, 'cancelled', { reason: closing ?? 'interrupted' });
        return pump();
      }
      attemptStage(context, place.stage, decision, decision.because)
        .then((ended) => {
          running -= 1;
          settleAttempt(place, decision, ended);
          tokens.release(demand);
          pump();
        })
        .catch(crash);
    });
  }

  function demandOf(stage: Stage): Demand {
    const asked = stage.resources.cpus;
    // Kinds that compute use every core by themselves; two of them side by side would only be slower.
    const usual = world.backendOf(stage.kind) === null ? 1 : total.cpus;
    return { cpus: asked > 0 ? asked : usual, memory: stage.resources.memory };
  }

  function settleAttempt(place: Place, decision: Extract<Decision, { state: 'run' }>, ended: Ended): void {
    const { because } = decision;
    switch (ended.kind) {
      case 'ran':
        place.anyway = undefined;
        return settle(place, 'ran', {
          keyed: decision,
          because,
          seconds: ended.seconds,
          outputs: ended.outputs,
        });
      case 'found':
        return settleHit(place, decision, ended.record);
      case 'failed':
        return fail(place, ended.failure, ended.seconds, decision);
      case 'cancelled':
        return end(place, 'cancelled', {
          keyed: decision,
          because,
          seconds: ended.seconds,
          reason: 'interrupted',
        });
      case 'lost':
        return recover(place, ended.producer, ended.because);
    }
  }

  function settleHit(place: Place, keyed: Keyed, record: ActionRecord): void {
    const action = labels.get(place.stage.id) === 'restore' ? 'restored' : 'fresh';
    settle(place, action, { keyed, outputs: record.outputs, record });
  }

  /** Settles a stage that has outputs, and places those of the pipeline's results that it completes. */
  function settle(place: Place, action: Action, facts: Facts & { readonly outputs: Outputs }): void {
    const id = place.stage.id;
    const outputsOf = (asked: StageId): Outputs | undefined =>
      asked === id ? facts.outputs : board.outputsOf(asked);
    let shown = action;
    for (const each of outs.filter(({ stages: needed }) => needed.includes(id))) {
      const done = placeOut({ index, world, emit }, each, outputsOf);
      if (!done.ok) return recover(place, done.error.stage, lostBecause('a result', done.error.digest));
      if (done.value === undefined) continue;
      out[each.name] = done.value.path;
      if (done.value.placed && action === 'fresh') shown = 'restored';
    }
    end(place, shown, facts);
  }

  function fail(
    place: Place,
    failure: StageFailure,
    seconds: number,
    decision?: Extract<Decision, { state: 'run' }>,
  ): void {
    if (!options.keepGoing) closing ??= `stopped after ${place.stage.id} failed`;
    end(place, 'failed', { keyed: decision, because: decision?.because, seconds, failure });
  }

  /** A result is needed whose bytes are gone: its stage runs again, and then this one is asked again. */
  function recover(place: Place, producer: StageId, because: Because): void {
    const lost = board.places.get(producer) as Place;
    lost.losses += 1;
    if (lost.losses > MAX_LOSSES) {
      const message = `results of ${producer} keep disappearing from the cache`;
      return fail(place, { code: 'cache-loses', message, hint: `look into ${world.project.cache}` }, 0);
    }
    lost.anyway = because;
    planHolds = false;
    board.park(place);
    if (lost !== place) board.reopen(lost);
  }

  function end(place: Place, action: Action, facts: Facts): void {
    const { id, kind } = place.stage;
    const { keyed, because = [], seconds = 0, outputs, failure, reason, record } = facts;
    const key = keyed?.key ?? null;
    const before = place.result;
    const result: StageResult = { id, kind, action, key, seconds, because, failure };
    // Asked again only because a result above was lost, and unchanged: what was said of it holds.
    const known = before !== undefined && action === 'fresh' && before.key === key;
    board.settle(place, known ? before : result, outputs);
    if (known) return;
    if (keyed !== undefined && action !== 'cancelled') {
      const ended = action === 'failed' ? 'failed' : 'done';
      world.past.append({
        pipeline: index.graph.name,
        stage: id,
        kind,
        key: keyed.key,
        run: context.run,
        ended,
      });
    }
    const digests = Object.entries(outputs ?? {}).map(([name, { digest }]) => [name, digest] as const);
    emit({
      type: 'stage-done',
      at: Date.now(),
      stage: id,
      action,
      key,
      seconds,
      because,
      outputs: Object.fromEntries(digests),
      from: record?.run,
      failure,
      reason,
    });
  }

  options.stop?.addEventListener('abort', pump, { once: true });
  pump();
  return finished.finally(() => options.stop?.removeEventListener('abort', pump));
}

/** What is known of a stage's end. */
interface Facts {
  readonly keyed?: Keyed | undefined;
  readonly because?: readonly Because[] | undefined;
  readonly seconds?: number | undefined;
  readonly outputs?: Outputs | undefined;
  readonly record?: ActionRecord | undefined;
  readonly failure?: StageFailure | undefined;
  readonly reason?: string | undefined;
}
