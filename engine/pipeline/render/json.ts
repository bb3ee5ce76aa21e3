import type { StageId } from '../../../base/ids.ts';
import type { Graph } from '../graph.ts';
import { sourcesOf } from './collapse.ts';
import type { GraphStatus } from './status.ts';

/** One line of JSON, `warren/graph/1`: every instance with the ids that it needs. */
export function graphJson(graph: Graph, status: ReadonlyMap<StageId, GraphStatus>): string {
  const stages = graph.stages.map((stage) => {
    const sources = Object.values(stage.in).flatMap(sourcesOf);
    const needs = new Set(sources.flatMap((source) => (source.kind === 'output' ? [source.stage] : [])));
    const { id, name, kind, axes } = stage;
    return {
      id,
      name,
      kind,
      axes,
      needs: [...needs],
      out: Object.keys(stage.out),
      ...(status.has(id) ? { status: status.get(id) } : {}),
    };
  });
  return JSON.stringify({ schema: 'warren/graph/1', name: graph.name, stages, out: Object.keys(graph.out) });
}
