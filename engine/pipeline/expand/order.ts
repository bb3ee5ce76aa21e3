/** @file Stages in an order in which each comes after what it needs; what goes round in a circle is named edge by edge. */
import { alg, Graph as Digraph } from '@dagrejs/graphlib';
import type { StageId } from '../../../base/ids.ts';
import { type Need, placeOf, type Spot } from './binder.ts';

interface Ordered {
  readonly id: StageId;
}

/** Node names carry a prefix: the library keeps them as keys of plain objects, where `constructor` is taken. */
const nodeOf = (id: StageId): string => `stage ${id}`;
const groupNode = (id: string): string => `group ${id}`;
const shown = (node: string): string => node.slice(6);

/**
 * Ids in a topological order that keeps the order of the file where it can. A group is one node between its
 * members and all who take it, so fan-in of N by M costs N + M edges. Undefined after a cycle.
 */
export function orderStages(
  instances: readonly Ordered[],
  needs: ReadonlyMap<StageId, readonly Need[]>,
): readonly StageId[] | undefined {
  const graph = digraph(instances, needs);
  const order: StageId[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const circle = (node: string): boolean => state.get(node) === 'open';

  for (const { id } of instances) {
    // An explicit stack: a chain of 10,000 stages would overflow the machine's own.
    const path: { readonly node: string; readonly before: string[] }[] = [];
    const enter = (node: string): void => {
      state.set(node, 'open');
      // Taken from the end, so reversed: inputs come in the order in which they are written.
      path.push({ node, before: (graph.predecessors(node) ?? []).reverse() });
    };
    if (!state.has(nodeOf(id))) enter(nodeOf(id));
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.before.pop();
      if (next === undefined) {
        state.set(top.node, 'done');
        if (top.node.startsWith('stage ')) order.push(shown(top.node) as StageId);
        path.pop();
      } else if (circle(next)) {
        const found = path.slice(path.findIndex((step) => step.node === next)).map((step) => step.node);
        reportCycles(graph, found);
        return undefined;
      } else if (!state.has(next)) enter(next);
    }
  }
  return order;
}

function digraph(instances: readonly Ordered[], needs: ReadonlyMap<StageId, readonly Need[]>): Digraph {
  const graph = new Digraph();
  for (const { id } of instances) graph.setNode(nodeOf(id));
  for (const { id } of instances) {
    for (const { of, spot } of needs.get(id) ?? []) {
      if (of.form === 'one') {
        graph.setEdge(nodeOf(of.instance.id), nodeOf(id), spot);
        continue;
      }
      const group = groupNode(of.group.id);
      if (!graph.hasNode(group)) {
        graph.setNode(group);
        for (const [, member] of of.group.members) graph.setEdge(nodeOf(member.id), group);
      }
      graph.setEdge(group, nodeOf(id), spot);
    }
  }
  return graph;
}

/** One report for each knot of stages; `found` is the circle already seen, against the edges' direction. */
function reportCycles(graph: Digraph, found: readonly string[]): void {
  let knots: readonly (readonly string[])[];
  try {
    knots = alg.findCycles(graph);
  } catch (error) {
    // The library recurses: a circle of many thousand stages is deeper than its stack.
    if (!(error instanceof RangeError)) throw error;
    report(graph, [...found].reverse());
    return;
  }
  for (const knot of knots) report(graph, shortestCircle(graph, knot));
}

/** A shortest way from the knot's first node back to itself, along the edges. */
function shortestCircle(graph: Digraph, knot: readonly string[]): string[] {
  const inside = new Set(knot);
  const start = knot.find((node) => node.startsWith('stage ')) as string;
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const node of queue) {
    for (const next of graph.successors(node) ?? []) {
      if (next === start) {
        const way = [node];
        for (let at = node; at !== start; ) {
          at = cameFrom.get(at) as string;
          way.unshift(at);
        }
        return way;
      }
      if (!inside.has(next) || cameFrom.has(next)) continue;
      cameFrom.set(next, node);
      queue.push(next);
    }
  }
  throw new Error(`Internal error: no way back to ${start}`);
}

/** `circle` lists nodes so that each is needed by the next, and the last by the first. */
function report(graph: Digraph, circle: readonly string[]): void {
  const edges = circle.flatMap((node, index) => {
    const next = circle[(index + 1) % circle.length] as string;
    const spot = graph.edge(node, next) as Spot | undefined;
    return spot === undefined ? [] : [{ message: `"${shown(next)}" needs "${shown(node)}"`, spot }];
  });
  const [first, ...others] = edges.sort((a, b) => a.spot.range[0] - b.spot.range[0]);
  if (first === undefined) throw new Error('Internal error: a cycle without a written edge');
  const names = circle
    .filter((node) => node.startsWith('stage '))
    .map(shown)
    .reverse();
  const ring = [...names, names[0]].join(' -> ');
  first.spot.problems.error(
    'cycle',
    first.spot.range,
    `These stages need each other in a circle: ${ring}; here ${first.message}.`,
    {
      related: others.map(({ message, spot }) => ({ message, place: placeOf(spot) })),
      hint: 'take one of these inputs away',
    },
  );
}
