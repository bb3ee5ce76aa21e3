/** @file What comes into question only because a stage that may run would need it: the labels say so. */
import type { StageId } from '../../base/ids.ts';
import type { Because } from '../event.ts';
import type { Stage } from '../pipeline/graph.ts';
import { type Decision, decide, outputsIn } from './decide.ts';
import type { GraphIndex } from './index.ts';
import { addIfLost, addLostInputs, type LostResults } from './lost.ts';
import type { OutPlace } from './placed.ts';
import type { World } from './world.ts';

export interface Perhaps {
  readonly producers: LostResults['producers'];
  /** As if all of them had to run. The run itself decides when it knows. */
  readonly decisions: ReadonlyMap<StageId, Decision>;
}

interface Decided {
  readonly stages: readonly Stage[];
  readonly index: GraphIndex;
  readonly world: World;
  readonly places: readonly OutPlace[];
  /** Why a stage runs in any case. */
  readonly anyway: (stage: Stage) => Because | undefined;
  readonly decisions: ReadonlyMap<StageId, Decision>;
}

/**
 * A stage that may run would read results that are fresh by their records and gone by their bytes: their stages may
 * run, too, and whatever reads those. A name of `out` that waits for one of its stages is such a reader.
 */
export function perhapsLost({ stages, index, world, places, anyway, decisions: first }: Decided): Perhaps {
  const lost: LostResults = { producers: new Map(), wanted: [] };
  const { producers } = lost;
  let decisions = first;
  for (;;) {
    const before = producers.size;
    const outputsOf = outputsIn(decisions);
    addLostInputs(lost, decisions, index, world, outputsOf, true);
    for (const place of places) {
      if (place.stages.every((id) => outputsOf(id) !== undefined)) continue;
      for (const { source } of place.items) addIfLost(lost, source, index, world, outputsOf);
    }
    for (const stage of stages) if (anyway(stage) !== undefined) producers.delete(stage.id);
    if (producers.size === before) return { producers, decisions };
    const next = new Map<StageId, Decision>();
    for (const stage of stages) {
      const reason = anyway(stage) ?? producers.get(stage.id);
      next.set(stage.id, decide(stage, index, world, outputsIn(next), { anyway: reason }));
    }
    decisions = next;
  }
}
