/** @file The graph with what planning looks up again and again. */
import type { StageId } from '../../base/ids.ts';
import type { Binding, Graph, Source, Stage } from '../pipeline/graph.ts';

export interface GraphIndex {
  readonly graph: Graph;
  readonly stages: ReadonlyMap<StageId, Stage>;
  /** Stages whose outputs a stage reads, each once. */
  readonly upstream: ReadonlyMap<StageId, readonly StageId[]>;
  readonly downstream: ReadonlyMap<StageId, readonly StageId[]>;
}

export function indexGraph(graph: Graph): GraphIndex {
  const upstream = new Map<StageId, StageId[]>();
  const downstream = new Map<StageId, StageId[]>(graph.stages.map(({ id }) => [id, []]));
  for (const stage of graph.stages) {
    const above = new Set<StageId>();
    for (const binding of Object.values(stage.in)) {
      for (const source of sourcesOf(binding)) if (source.kind === 'output') above.add(source.stage);
    }
    upstream.set(stage.id, [...above]);
    for (const id of above) downstream.get(id)?.push(stage.id);
  }
  return { graph, stages: new Map(graph.stages.map((stage) => [stage.id, stage])), upstream, downstream };
}

export function sourcesOf(binding: Binding): readonly Source[] {
  return binding.arity === 'one' ? [binding.source] : binding.items.map(([, source]) => source);
}

/** Paths of the user's files that the stages read. */
export function filesOf(stages: readonly Stage[]): Set<string> {
  const files = new Set<string>();
  for (const stage of stages) {
    for (const source of inputsOf(stage)) if (source.kind === 'file') files.add(source.path);
  }
  return files;
}

export function inputsOf(stage: Stage): readonly Source[] {
  return Object.values(stage.in).flatMap(sourcesOf);
}

/** The stages and all that they need, in the graph's order. */
export function closureOf(index: GraphIndex, targets: Iterable<StageId>): Stage[] {
  const needed = new Set<StageId>();
  const queue = [...targets];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (needed.has(id)) continue;
    needed.add(id);
    queue.push(...(index.upstream.get(id) ?? []));
  }
  return index.graph.stages.filter(({ id }) => needed.has(id));
}
