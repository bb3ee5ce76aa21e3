/** @file Results that are in the records but not whole in the cache, and needed: their stages run again. */
import type { StageId } from '../../base/ids.ts';
import type { Artifact } from '../../cache/artifact.ts';
import { firstLostAnywhere } from '../../cache/temporary.ts';
import type { Because } from '../event.ts';
import type { Source } from '../pipeline/graph.ts';
import type { Decision } from './decide.ts';
import { type GraphIndex, sourcesOf } from './index.ts';
import type { OutputsOf } from './resolve.ts';
import type { World } from './world.ts';

export interface LostResults {
  /** Producers that have to run again. */
  readonly producers: Map<StageId, Because>;
  /** What is needed and not whole here, whether or not it can be had elsewhere. */
  readonly wanted: Artifact[];
}

/** Adds the producers of what stages that run will read; with `orMay`, of what those that may run would. */
export function addLostInputs(
  lost: LostResults,
  decisions: ReadonlyMap<StageId, Decision>,
  index: GraphIndex,
  world: World,
  outputsOf: OutputsOf,
  orMay = false,
): void {
  for (const [id, decision] of decisions) {
    if (decision.state === 'lost') {
      const { stage, artifact, detail } = decision.unresolved;
      lost.wanted.push(artifact);
      lost.producers.set(stage, { kind: 'lost', detail });
    }
    const runs = decision.state === 'run' || (decision.state === 'waiting' && (orMay || decision.certain));
    if (!runs) continue;
    for (const binding of Object.values(index.stages.get(id)?.in ?? {})) {
      for (const source of sourcesOf(binding)) {
        // What a stage in place gave was looked at when it was decided: it may be there without being in the cache.
        if (source.kind === 'output' && index.stages.get(source.stage)?.workspace !== undefined) continue;
        addIfLost(lost, source, index, world, outputsOf);
      }
    }
  }
}

/** Adds the source's producer if its artifact is known, not whole, and not to be had elsewhere. */
export function addIfLost(
  lost: LostResults,
  source: Source,
  index: GraphIndex,
  world: World,
  outputsOf: OutputsOf,
): void {
  if (source.kind !== 'output' || lost.producers.has(source.stage)) return;
  const artifact = outputsOf(source.stage)?.[source.output];
  const digest = artifact === undefined ? undefined : firstLostAnywhere(world.project.cache, artifact);
  if (artifact === undefined || digest === undefined) return;
  lost.wanted.push(artifact);
  if (world.elsewhere?.has(artifact) === true) return;
  lost.producers.set(source.stage, lostBecause(index, source.stage, source.output, digest));
}

/** A temporary output is gone because it was taken away, any other because something happened to the cache. */
export function lostBecause(index: GraphIndex, producer: StageId, output: string, digest: string): Because {
  if (index.stages.get(producer)?.out[output]?.temp === true) return { kind: 'temp', output };
  return { kind: 'lost', detail: `${output} is not whole in the cache: object ${digest.slice(0, 19)}` };
}

/** A stage wrote to the result while others read it. */
export function spoiledBecause(digest: string): Because {
  return { kind: 'lost', detail: `a stage wrote to its object ${digest.slice(0, 19)}` };
}
