/** @file Instances of one stage as one node. */
import type { StageId } from '../../../base/ids.ts';
import type { Binding, Graph, Source, Stage } from '../graph.ts';
import type { GraphStatus } from './status.ts';

export interface PictureNode {
  readonly name: string;
  readonly kind: string;
  readonly count: number;
  /** Its name with its axes and those of the pipelines around it: `beaver[round]/rrhf[seed]`. */
  readonly path: string;
  /** How many instances have which status, in the order met. */
  readonly status: readonly (readonly [GraphStatus, number])[];
}
export interface PictureEdge {
  readonly from: string;
  readonly output: string;
  readonly to: string;
  /** Several instances go into one input. */
  readonly group: boolean;
}
export interface Picture {
  readonly nodes: readonly PictureNode[];
  readonly edges: readonly PictureEdge[];
  /** Results of the pipeline: name and the stages they come from. */
  readonly out: readonly PictureEdge[];
}

export function sourcesOf(binding: Binding): readonly Source[] {
  return binding.arity === 'one' ? [binding.source] : binding.items.map(([, source]) => source);
}

export function collapse(graph: Graph, status: ReadonlyMap<StageId, GraphStatus>): Picture {
  const stageOf = new Map(graph.stages.map((stage) => [stage.id, stage]));
  const byName = new Map<string, Stage[]>();
  for (const stage of graph.stages) {
    const known = byName.get(stage.name);
    if (known === undefined) byName.set(stage.name, [stage]);
    else known.push(stage);
  }
  const edges = new Map<string, PictureEdge>();
  const out = new Map<string, PictureEdge>();
  // Instances share the lists of their groups; each list is looked at once for each stage.
  const seen = new Set<string>();
  const lists = new Map<Binding, number>();

  function add(to: string, binding: Binding, into: Map<string, PictureEdge>): void {
    if (binding.arity === 'many') {
      const list = lists.get(binding) ?? lists.size;
      lists.set(binding, list);
      if (seen.has(`${to} ${list}`)) return;
      seen.add(`${to} ${list}`);
    }
    const items = binding.arity === 'one' ? [['', binding.source] as const] : binding.items;
    for (const [label, source] of items) {
      if (source.kind === 'file') continue;
      const from = stageOf.get(source.stage)?.name ?? source.stage;
      const group = binding.arity === 'many' && (binding.form === 'group' || label.includes('['));
      into.set(`${from}.${source.output} ${to} ${group}`, { from, output: source.output, to, group });
    }
  }

  for (const stage of graph.stages)
    for (const binding of Object.values(stage.in)) add(stage.name, binding, edges);
  for (const [name, binding] of Object.entries(graph.out)) add(name, binding, out);
  const nodes = [...byName].map(([name, instances]) => node(name, instances, status));
  return { nodes, edges: [...edges.values()], out: [...out.values()] };
}

function node(
  name: string,
  instances: readonly Stage[],
  status: ReadonlyMap<StageId, GraphStatus>,
): PictureNode {
  const [first] = instances as [Stage, ...Stage[]];
  const counts = new Map<GraphStatus, number>();
  for (const { id } of instances) {
    const one = status.get(id);
    if (one !== undefined) counts.set(one, (counts.get(one) ?? 0) + 1);
  }
  return {
    name,
    kind: first.kind,
    count: instances.length,
    path: pathOf(first),
    status: [...counts],
  };
}

function pathOf({ name, axes, within = [] }: Stage): string {
  const own = name.slice(name.lastIndexOf('/') + 1);
  return [...within, { name: own, axes }]
    .map((each) => {
      const names = Object.keys(each.axes);
      return names.length === 0 ? each.name : `${each.name}[${names.join(',')}]`;
    })
    .join('/');
}

/** `rrhf[seed] x3` */
export function titleOf({ path, name, count }: PictureNode): string {
  return path === name ? name : `${path} x${count}`;
}

/** `fresh`, or `2 fresh, 1 run` */
export function statusText(node: PictureNode): string {
  const [only] = node.status;
  if (node.status.length === 1 && only !== undefined && only[1] === node.count) return only[0];
  return node.status.map(([status, count]) => `${count} ${status}`).join(', ');
}

/** The one that a reader should see first. */
export function mainStatus(node: PictureNode): GraphStatus | undefined {
  return URGENCY.find((status) => node.status.some(([one]) => one === status));
}

const URGENCY: readonly GraphStatus[] = [
  'failed',
  'cancelled',
  'skipped',
  'run',
  'ran',
  'maybe',
  'restore',
  'restored',
  'fresh',
];
