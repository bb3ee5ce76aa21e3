/** @file Where every stage of a run stands, and which are ready: those whose upstream is settled. */
import type { StageId } from '../../base/ids.ts';
import type { Because } from '../event.ts';
import type { Stage } from '../pipeline/graph.ts';
import type { GraphIndex } from '../plan/index.ts';
import type { Outputs } from '../plan/resolve.ts';
import type { StageResult } from './result.ts';

/** `pending` waits for upstream or its turn; `active` runs or waits for a lock or cores; `settled` has a result or never will. */
export interface Place {
  readonly stage: Stage;
  phase: 'pending' | 'active' | 'settled';
  /** Upstream stages that are not settled. */
  missing: number;
  outputs: Outputs | undefined;
  result: StageResult | undefined;
  /** Set when its result was found to be gone: it runs even with a record. */
  anyway: Because | undefined;
  /** How often its result was found to be gone in this run. */
  losses: number;
  /** How often bytes that it needs were brought from a remote. */
  brought: number;
}

export interface Board {
  readonly places: ReadonlyMap<StageId, Place>;
  readonly outputsOf: (id: StageId) => Outputs | undefined;
  /** The next ready stage in the graph's order; it becomes active. */
  next(): Place | undefined;
  settle(place: Place, result: StageResult, outputs: Outputs | undefined): void;
  /** An active stage goes back in line: it needs more of its upstream first. */
  park(place: Place): void;
  /** Back to pending, with everything below it that was settled by its result. */
  reopen(place: Place): void;
  allSettled(): boolean;
}

export function makeBoard(index: GraphIndex, stages: readonly Stage[]): Board {
  const places = new Map<StageId, Place>();
  const order = new Map<StageId, number>();
  for (const [i, stage] of stages.entries()) {
    const missing = index.upstream.get(stage.id)?.length ?? 0;
    const phase = 'pending' as const;
    places.set(stage.id, {
      stage,
      phase,
      missing,
      outputs: undefined,
      result: undefined,
      anyway: undefined,
      losses: 0,
      brought: 0,
    });
    order.set(stage.id, i);
  }
  /** Ready stages as positions in the graph's order, ascending. */
  const ready: number[] = [];
  const positionOf = (place: Place): number => order.get(place.stage.id) as number;
  const below = (place: Place): Place[] =>
    (index.downstream.get(place.stage.id) ?? []).flatMap((id) => places.get(id) ?? []);
  let unsettled = stages.length;
  for (const place of places.values()) if (place.missing === 0) enqueue(place);

  function enqueue(place: Place): void {
    const position = positionOf(place);
    let at = ready.length;
    while (at > 0 && (ready[at - 1] as number) > position) at -= 1;
    if (ready[at - 1] !== position) ready.splice(at, 0, position);
  }

  return {
    places,
    outputsOf: (id) => places.get(id)?.outputs,
    next: () => {
      for (;;) {
        const position = ready.shift();
        if (position === undefined) return undefined;
        const place = places.get((stages[position] as Stage).id) as Place;
        // A stage above may have been reopened since it was put in line.
        if (place.phase !== 'pending' || place.missing > 0) continue;
        place.phase = 'active';
        return place;
      }
    },
    settle: (place, result, outputs) => {
      if (place.phase === 'settled') return;
      place.phase = 'settled';
      place.result = result;
      place.outputs = outputs;
      unsettled -= 1;
      for (const next of below(place)) {
        next.missing -= 1;
        if (next.missing === 0 && next.phase === 'pending') enqueue(next);
      }
    },
    park: (place) => {
      place.phase = 'pending';
      if (place.missing === 0) enqueue(place);
    },
    reopen: (place) => {
      if (place.phase === 'active') return;
      const queue = [place];
      for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
        if (at.phase === 'settled') {
          unsettled += 1;
          for (const next of below(at)) next.missing += 1;
          // Running stages keep the bytes they were given; only what is settled is asked again.
          queue.push(...below(at).filter(({ phase }) => phase === 'settled'));
        }
        at.phase = 'pending';
        at.outputs = undefined;
        if (at.missing === 0) enqueue(at);
      }
    },
    allSettled: () => unsettled === 0,
  };
}
