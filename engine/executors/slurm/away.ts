/** @file Whether nodes that are down for now are all that a request lacks: asked without being submitted, Slurm counts only the others. */
import type { Resources } from '../../pipeline/graph.ts';
import type { Kind } from './nodes.ts';

/** Nodes that take jobs, now or when their present ones end. Marks behind a state say what is planned with them; `*`: no answer. */
const THERE = /^(?:idle|mix|mixed|alloc|allocated|comp|completing|plnd|planned|resv|reserved)[~#$@%!^+-]*$/;

/** In words, which nodes it waits for; undefined where those that are there would be enough, or all together are not. */
export function awayNodes(
  resources: Resources,
  gpuType: string | undefined,
  kinds: readonly Kind[],
): string | undefined {
  for (const partition of new Set(kinds.map((kind) => kind.partition))) {
    const fit = kinds.filter((kind) => kind.partition === partition && meets(kind, resources, gpuType));
    const away = fit.filter(({ state }) => !THERE.test(state));
    const all = countOf(fit);
    if (all >= resources.nodes && all - countOf(away) < resources.nodes) {
      const states = [...new Set(away.map(({ state }) => state.replace(/[^a-z_]+$/, '')))].join(', ');
      const which =
        all === 1
          ? 'the node that could take it is'
          : `${countOf(away)} of the ${all} nodes that could take it are`;
      return `${which} not available (${states})`;
    }
  }
  return undefined;
}

/** By one node, all of it. */
function meets(kind: Kind, { cpus, memory, gpus }: Resources, gpuType: string | undefined): boolean {
  const own = kind.gpus.filter(({ type }) => gpuType === undefined || type === gpuType);
  const count = own.reduce((sum, each) => sum + each.count, 0);
  return kind.cpus >= cpus && kind.memory * 2 ** 20 >= memory && count >= gpus;
}

function countOf(kinds: readonly Kind[]): number {
  return kinds.reduce((sum, { nodes }) => sum + nodes, 0);
}
