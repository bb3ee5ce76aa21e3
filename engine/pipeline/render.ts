/** @file The graph as text for people and other programs. Pure: a graph in, a string out. */
import type { StageId } from '../../base/ids.ts';
import type { Graph } from './graph.ts';
import { collapse } from './render/collapse.ts';
import { dot } from './render/dot.ts';
import { graphJson } from './render/json.ts';
import { mermaid } from './render/mermaid.ts';
import type { GraphStatus } from './render/status.ts';
import { text } from './render/text.ts';

export type GraphFormat = 'mermaid' | 'dot' | 'text' | 'json';
export const GRAPH_FORMATS: readonly GraphFormat[] = ['mermaid', 'dot', 'text', 'json'];
export type { GraphStatus } from './render/status.ts';

/**
 * Pictures show one node a stage, however many instances its matrix has; `json` lists every instance. The text
 * ends without a line break. `status` colours stages, e.g. by their plan.
 */
export function renderGraph(
  graph: Graph,
  format: GraphFormat,
  status: ReadonlyMap<StageId, GraphStatus> = new Map(),
): string {
  switch (format) {
    case 'mermaid':
      return mermaid(collapse(graph, status));
    case 'dot':
      return dot(graph.name, collapse(graph, status));
    case 'text':
      return text(collapse(graph, status));
    case 'json':
      return graphJson(graph, status);
  }
}
