/** @file When the bytes of temporary outputs may go: when every stage of the run that reads them is done. */
import type { StageId } from '../../base/ids.ts';
import type { Artifact } from '../../cache/artifact.ts';
import { dropTemporary } from '../../cache/temporary.ts';
import type { Stage } from '../pipeline/graph.ts';
import { sourcesOf } from '../plan/index.ts';
import type { OutputsOf } from '../plan/resolve.ts';

interface Temporary {
  readonly producer: StageId;
  readonly output: string;
  readonly readers: ReadonlySet<StageId>;
}

export interface TemporaryOutputs {
  /** A stage has its result: what it was the last to read is taken away. */
  done(id: StageId): void;
}

/** An output that no stage of this run reads stays: it is what the run was asked for. */
export function watchTemporary(
  cache: string,
  stages: readonly Stage[],
  outputsOf: OutputsOf,
): TemporaryOutputs {
  const readers = new Map<string, Set<StageId>>();
  const temporaries = stages.flatMap(({ id, out }) =>
    Object.entries(out).flatMap(([output, { temp }]): Temporary[] => {
      if (temp !== true) return [];
      const own = new Set<StageId>();
      readers.set(`${id} ${output}`, own);
      return [{ producer: id, output, readers: own }];
    }),
  );
  if (temporaries.length === 0) return { done: () => {} };
  const readBy = new Map<StageId, Set<Temporary>>();
  for (const stage of stages) {
    for (const binding of Object.values(stage.in)) {
      for (const source of sourcesOf(binding)) {
        if (source.kind === 'output') readers.get(`${source.stage} ${source.output}`)?.add(stage.id);
      }
    }
  }
  for (const each of temporaries) {
    for (const reader of each.readers) readBy.set(reader, (readBy.get(reader) ?? new Set()).add(each));
  }
  const artifactOf = ({ producer, output }: Temporary): Artifact | undefined => outputsOf(producer)?.[output];
  const isRead = (each: Temporary): boolean => [...each.readers].every((id) => outputsOf(id) !== undefined);

  return {
    done: (id) => {
      for (const each of readBy.get(id) ?? []) {
        const artifact = artifactOf(each);
        if (artifact === undefined || !isRead(each)) continue;
        const needed = temporaries
          .filter((other) => !isRead(other))
          .flatMap((other) => artifactOf(other) ?? []);
        dropTemporary(cache, artifact, needed);
      }
    },
  };
}
