/** @file The run loop: decides every stage when its upstream is settled, and starts what has no result. */
import type { Key, StageId } from '../../base/ids.ts';
import type { ActionRecord } from '../../cache/actions.ts';
import type { Action, Because, StageFailure } from '../event.ts';
import { LOCK_RUN } from '../lock/format.ts';
import type { Source } from '../pipeline/graph.ts';
import { type Decision, decide, type Keyed } from '../plan/decide.ts';
import { inputsOf } from '../plan/index.ts';
import { lostBecause } from '../plan/lost.ts';
import type { OutPlace } from '../plan/placed.ts';
import type { Planned } from '../plan/plan.ts';
import type { Outputs, OutputsOf } from '../plan/resolve.ts';
import type { ToRun } from './attempt.ts';
import { type AttemptEnd, makeAttempts } from './attempts.ts';
import { type Board, makeBoard, type Place } from './board.ts';
import type { RunContext } from './context.ts';
import { endStage, type Facts } from './ending.ts';
import { restoreOuts } from './in-place/restore.ts';
import { roomHere } from './placement.ts';
import { placeOut, watchOuts } from './placing.ts';
import { bringSources } from './remote.ts';
import type { StageResult } from './result.ts';
import { watchTemporary } from './temporary.ts';
import type { Turn } from './turn.ts';

/** How often a result may be gone again right after it was made, before the cache is to blame. */
const MAX_LOSSES = 2;

interface Loss {
  /** Whose result is not whole. */
  readonly stage: StageId;
  readonly because: Because;
  /** What is needed; default: the inputs of the stage that needs it. */
  readonly sources?: readonly Source[];
  readonly outputsOf?: OutputsOf;
  /** Goes on once something came; default: the stage is asked again. */
  readonly again?: () => void;
}

export interface LoopEnd {
  readonly results: readonly StageResult[];
  /** Where each name of `out` is. */
  readonly out: { readonly [name: string]: string };
  readonly outputsOf: (id: StageId) => Outputs | undefined;
  /** Results that were taken from the lock file's word. */
  readonly locked: readonly ActionRecord[];
}

export function runLoop(context: RunContext, planned: Planned, outs: readonly OutPlace[]): Promise<LoopEnd> {
  const { index, world, options } = context;
  const stages = planned.stages;
  const board: Board = makeBoard(index, stages);
  const { limits } = index.graph;
  const total = { ...roomHere(options), limits };
  const labels = new Map(planned.plan.stages.map(({ id, label }) => [id, label]));
  const { placesOf, isComplete } = watchOuts(outs);
  const out: { [name: string]: string } = {};
  const locked = new Map<Key, ActionRecord>();
  const temporary = watchTemporary(world.project.cache, stages, board.outputsOf);
  /** Stages whose bytes a remote is asked for. */
  let bringing = 0;
  /** Stages that ran, and wait for the bytes of others so that what they are part of can be placed. */
  const ranBefore = new Map<StageId, Facts>();
  /** False once a result was found to be gone: what was planned on it may not hold. */
  let planHolds = true;
  let finish: (end: LoopEnd) => void;
  let crash: (error: unknown) => void;
  const finished = new Promise<LoopEnd>((resolve, reject) => {
    finish = resolve;
    crash = reject;
  });
  const attempts = makeAttempts(context, total, {
    settle: settleAttempt,
    again: queue,
    left: pump,
    crash: (error) => crash(error),
  });

  function pump(): void {
    for (let place = board.next(); place !== undefined; place = board.next()) step(place);
    if (attempts.busy() || bringing > 0 || !board.allSettled()) return;
    finish({
      results: stages.map(({ id }) => resultOf(id)),
      out,
      outputsOf: board.outputsOf,
      locked: [...locked.values()],
    });
  }

  function step(place: Place): void {
    const reason = hindranceOf(place);
    if (reason !== undefined) {
      end(place, reason.action, { reason: reason.text });
      return;
    }
    const decision = decisionOf(place);
    switch (decision.state) {
      case 'hit':
        settleHit(place, decision, decision.record);
        break;
      case 'run':
        queue(place, decision);
        break;
      case 'lost':
        lose(place, {
          stage: decision.unresolved.stage,
          because: { kind: 'lost', detail: decision.unresolved.detail },
        });
        break;
      case 'failed':
        fail(place, decision.failure, {});
        break;
      case 'waiting':
        throw new Error(`Internal error: ${place.stage.id} is ready, but its upstream has no result`);
    }
  }

  /** Why a ready stage is not even decided. */
  function hindranceOf({ stage }: Place): { action: 'skipped' | 'cancelled'; text: string } | undefined {
    const above = index.upstream.get(stage.id)?.find((id) => board.outputsOf(id) === undefined);
    if (above !== undefined) {
      const action = resultOf(above).action === 'cancelled' ? 'cancelled' : 'skipped';
      return { action, text: `needs ${above}` };
    }
    return options.stop?.aborted ? { action: 'cancelled', text: 'interrupted' } : undefined;
  }

  function resultOf(id: StageId): StageResult {
    return board.places.get(id)?.result as StageResult;
  }

  /** The plan's own decision, unless something was lost since. */
  function decisionOf(place: Place): Decision {
    const first = planHolds ? planned.decisions.get(place.stage.id) : undefined;
    if (first !== undefined && first.state !== 'waiting' && first.state !== 'lost') return first;
    const anyway = place.anyway ?? planned.anyway(place.stage);
    return decide(place.stage, index, world, board.outputsOf, { anyway });
  }

  function queue(place: Place, decision: ToRun): void {
    attempts.start(place, decision);
  }

  function settleAttempt(place: Place, keyed: ToRun, { tries, failed }: Turn, ended: AttemptEnd): void {
    const { because } = keyed;
    const retries = tries - 1;
    switch (ended.kind) {
      case 'abandoned':
        if (failed === undefined || options.stop?.aborted) end(place, 'cancelled', { reason: ended.reason });
        else fail(place, failed.failure, { keyed, because, retries: retries - 1, seconds: failed.seconds });
        break;
      case 'ran': {
        place.anyway = undefined;
        const { outputs, stored, seconds, queued } = ended;
        settle(place, 'ran', { keyed, because, retries, seconds, queued, outputs, stored });
        break;
      }
      case 'found':
        settleHit(place, keyed, ended.record);
        break;
      case 'failed':
        fail(place, ended.failure, { keyed, because, retries, seconds: ended.seconds, queued: ended.queued });
        break;
      case 'cancelled':
        end(place, 'cancelled', { keyed, because, seconds: ended.seconds, reason: 'interrupted' });
        break;
      case 'lost':
        lose(place, { stage: ended.producer, because: ended.because });
        break;
    }
  }

  function settleHit(place: Place, keyed: Keyed, record: ActionRecord): void {
    if (record.run === LOCK_RUN) locked.set(keyed.key, record);
    const ran = ranBefore.get(place.stage.id);
    if (ran?.keyed?.key === keyed.key) {
      settle(place, 'ran', { ...ran, outputs: record.outputs });
      return;
    }
    const action = labels.get(place.stage.id) === 'restore' ? 'restored' : 'fresh';
    settle(place, action, { keyed, outputs: record.outputs, record });
  }

  /** Settles a stage that has outputs, and places those of the pipeline's results that it completes. */
  function settle(place: Place, action: Action, facts: Facts & { readonly outputs: Outputs }): void {
    const { id } = place.stage;
    const { workspace } = place.stage;
    const outputsOf = (asked: StageId): Outputs | undefined =>
      asked === id ? facts.outputs : board.outputsOf(asked);
    const results = placesOf.get(id) ?? [];
    let shown = action;
    if (workspace !== undefined && action !== 'ran') {
      const restored = restoreOuts(context, place.stage, workspace, facts.outputs);
      if (!restored.ok) {
        recover(place, id, lostBecause(index, id, 'an output', restored.error));
        return;
      }
      if (restored.value) shown = 'restored';
    }
    for (const each of results) {
      if (!isComplete(each, outputsOf)) continue;
      const done = placeOut(context, each, outputsOf);
      if (!done.ok) {
        if ('code' in done.error) {
          const { keyed, because, seconds } = facts;
          fail(place, done.error, { keyed, because, seconds });
          return;
        }
        const { stage, output, digest } = done.error;
        const because = lostBecause(index, stage, output, digest);
        const sources = each.items.map(({ source }) => source);
        const again = (): void => settle(place, action, facts);
        if (action === 'ran') ranBefore.set(id, facts);
        lose(place, { stage, because, sources, outputsOf, again });
        return;
      }
      if (done.value === undefined) continue;
      out[each.name] = done.value.path;
      // One that the plan called fresh stays that, where it lies in a folder that others made anew.
      if (done.value.placed && action === 'fresh' && labels.get(id) !== 'fresh') shown = 'restored';
    }
    // What made a result of the pipeline shows its tables with it, whenever it was made.
    const reports = results.length > 0 ? facts.record?.reports : undefined;
    end(place, shown, { ...facts, reports });
    temporary.done(id);
  }

  function fail(place: Place, failure: StageFailure, facts: Facts): void {
    end(place, 'failed', { ...facts, failure });
    if (!options.keepGoing) attempts.close(`stopped after ${place.stage.id} failed`);
  }

  /** Bytes are needed that are not here: a remote is asked for all that are, before their stage runs again. */
  function lose(place: Place, loss: Loss): void {
    const { stage, because, sources = inputsOf(place.stage), outputsOf = board.outputsOf } = loss;
    if (world.elsewhere === undefined || place.brought >= MAX_LOSSES) {
      recover(place, stage, because);
      return;
    }
    place.brought += 1;
    bringing += 1;
    bringSources(context, sources, outputsOf)
      .then((came) => {
        bringing -= 1;
        if (!came) recover(place, stage, because);
        else if (loss.again === undefined) board.park(place);
        else loss.again();
        pump();
      })
      .catch(crash);
  }

  /** A result is needed whose bytes are gone: its stage runs again, and then this one is asked again. */
  function recover(place: Place, producer: StageId, because: Because): void {
    const lost = board.places.get(producer) as Place;
    lost.losses += 1;
    if (lost.losses > MAX_LOSSES) {
      const message = `Results of ${producer} keep disappearing from the cache.`;
      fail(place, { code: 'cache-loses', message, hint: `look into ${world.project.cache}` }, {});
      return;
    }
    lost.anyway = because;
    planHolds = false;
    board.park(place);
    if (lost !== place) board.reopen(lost);
  }

  function end(place: Place, action: Action, facts: Facts): void {
    endStage(context, board, place, action, facts);
  }

  options.stop?.addEventListener('abort', pump, { once: true });
  pump();
  return finished.finally(() => options.stop?.removeEventListener('abort', pump));
}
