/** @file What the partitions' nodes have: which GPU type meets a request, and what of a request is too large. */

import { err, ok, type Result } from '../../../base/result.ts';
import type { Resources } from '../../pipeline/graph.ts';
import type { ExecutorFault } from '../contract.ts';
import type { SlurmSettings } from '../settings.ts';
import { gibibytes } from '../sizes.ts';
import type { Client } from './client.ts';
import { slurmFault } from './faults.ts';

/** Nodes of a partition that are alike. */
export interface Kind {
  readonly partition: string;
  readonly isDefault: boolean;
  /** As Slurm writes it: `1-00:00:00`, `infinite`. */
  readonly limit: string;
  readonly nodes: number;
  readonly cpus: number;
  /** MiB. */
  readonly memory: number;
  readonly gpus: readonly { readonly type: string | undefined; readonly count: number }[];
  /** As Slurm writes it: `idle`, `drain*`. */
  readonly state: string;
  /** Most nodes of one job. */
  readonly most: number;
}

const SINFO_FORMAT = '%P|%l|%D|%c|%m|%G|%t|%s';

export function kindsOf(text: string): Kind[] {
  return text.split('\n').flatMap((line) => {
    const [name, limit, nodes, cpus, memory, gres, state = '', size = ''] = line.split('|');
    const most = /^(?:\d+-)?(\d+)$/.exec(size)?.[1];
    if (name === undefined || gres === undefined) return [];
    const gpus = [...gres.matchAll(/(?:^|,)gpu:(?:([^:,(]+):)?(\d+)/g)].map((match) => ({
      type: match[1],
      count: Number(match[2]),
    }));
    return {
      partition: name.replace(/\*$/, ''),
      isDefault: name.endsWith('*'),
      limit: limit ?? '',
      nodes: Number(nodes),
      cpus: Number.parseInt(cpus ?? '', 10),
      memory: Number.parseInt(memory ?? '', 10),
      gpus,
      state,
      most: most === undefined ? Number.POSITIVE_INFINITY : Number(most),
    };
  });
}

/** Seconds of `infinite`, `30`, `1:30:00`, `2-00:00:00`. */
export function secondsOf(limit: string): number {
  const match = /^(?:(\d+)-)?(?:(\d+):)?(?:(\d+):)?(\d+)$/.exec(limit);
  if (match === null) return Number.POSITIVE_INFINITY;
  const parts = limit.replace(/^\d+-/, '').split(':').map(Number);
  const [seconds = 0, minutes = 0, hours = 0] = parts.length === 1 ? [0, parts[0]] : parts.reverse();
  return Number(match[1] ?? 0) * 86_400 + hours * 3600 + minutes * 60 + seconds;
}

/** In words, what of the request no node of the partition has; undefined when each fits by itself. */
export function tooLarge(resources: Resources, kinds: readonly Kind[]): string | undefined {
  if (kinds.length === 0) return undefined;
  const most = (pick: (kind: Kind) => number): number => Math.max(0, ...kinds.map(pick));
  const gpus = most((kind) => kind.gpus.reduce((sum, { count }) => sum + count, 0));
  const cpus = most((kind) => kind.cpus);
  const memory = most((kind) => kind.memory);
  const limit = most((kind) => secondsOf(kind.limit));
  const size = most((kind) => kind.most);
  const nodes = new Map<string, number>();
  for (const kind of kinds) nodes.set(kind.partition, (nodes.get(kind.partition) ?? 0) + kind.nodes);
  const count = Math.max(0, ...nodes.values());
  if (resources.gpus > gpus) return `it asks for ${resources.gpus} GPUs a node, the largest node has ${gpus}`;
  if (resources.cpus > cpus)
    return `it asks for ${resources.cpus} cores a node, the largest node has ${cpus}`;
  if (resources.memory > memory * 2 ** 20) {
    return `it asks for ${gibibytes(resources.memory)} GiB a node, the largest node has ${gibibytes(memory * 2 ** 20)} GiB`;
  }
  if (resources.nodes > count) return `it asks for ${resources.nodes} nodes, the partition has ${count}`;
  if (resources.nodes > size)
    return `it asks for ${resources.nodes} nodes, the partition gives a job ${size}`;
  if (resources.time > limit) return `it asks for ${resources.time} s, the partition gives ${limit} s`;
  return undefined;
}

export interface Nodes {
  /** Of the profile's partition, or of the default one. States of nodes change soon: `now` asks again. */
  kinds(when?: 'now'): Promise<Result<readonly Kind[], ExecutorFault>>;
  /** Of a request that is larger than any node, as far as that is known. */
  refusal(resources: Resources): Promise<ExecutorFault | undefined>;
  /** The type to ask for; undefined when any will do. */
  typeFor(resources: Resources): Promise<Result<string | undefined, ExecutorFault>>;
}

/** What a cluster is made of changes seldom. Milliseconds. */
const FRESH = 60_000;

export function nodesOf(settings: SlurmSettings, client: Client): Nodes {
  let asked: { readonly at: number; readonly kinds: readonly Kind[] } | undefined;

  async function kinds(when?: 'now'): Promise<Result<readonly Kind[], ExecutorFault>> {
    if (when !== 'now' && asked !== undefined && performance.now() - asked.at < FRESH) return ok(asked.kinds);
    // Without `-e` unlike nodes are one line, with the least that one of them has.
    const argv = ['sinfo', '-h', '-e', '-o', SINFO_FORMAT] as const;
    const answer = await client.run([...argv]);
    if (answer.code !== 0) return err(slurmFault({ argv: [...argv] }, answer));
    const all = kindsOf(answer.stdout);
    const wanted = settings.partition?.split(',');
    const named = all.filter(({ partition, isDefault }) => wanted?.includes(partition) ?? isDefault);
    // Where none is the default, the site chooses by the request.
    const own = named.length === 0 && wanted === undefined ? all : named;
    if (own.length === 0 && wanted !== undefined) {
      const names = [...new Set(all.map(({ partition }) => partition))].join(', ');
      const message = `Slurm has no partition ${settings.partition}.`;
      return err({ code: 'no-partition', message, hint: `there are: ${names}`, passing: false });
    }
    asked = { at: performance.now(), kinds: own };
    return ok(own);
  }

  async function typeFor(resources: Resources): Promise<Result<string | undefined, ExecutorFault>> {
    if (resources.gpus === 0) return ok(undefined);
    if (resources.gpuType === undefined && resources.gpuMemory === 0) return ok(undefined);
    const known = await kinds();
    return known.ok ? typeOf(resources, known.value, settings.gpu_types ?? {}) : known;
  }

  async function refusal(resources: Resources): Promise<ExecutorFault | undefined> {
    // Flags of the profile's own may lead elsewhere.
    if (settings.flags?.some((flag) => /^(?:-[pM]|--(?:partition|clusters?)\b)/.test(flag))) return undefined;
    const known = await kinds();
    const why = known.ok ? tooLarge(resources, known.value) : undefined;
    if (why === undefined) return undefined;
    const message = `No node of the cluster can ever meet the request: ${why}.`;
    const hint = 'lower the resources of the stage, or choose another partition';
    return { code: 'request-too-large', message, hint, passing: false };
  }

  return { kinds, refusal, typeFor };
}

/** Slurm knows types by name alone; how much memory one has, the profile says. */
export function typeOf(
  { gpus, gpuType, gpuMemory }: Pick<Resources, 'gpus' | 'gpuType' | 'gpuMemory'>,
  kinds: readonly Kind[],
  memories: { readonly [type: string]: number },
): Result<string | undefined, ExecutorFault> {
  const all = kinds.flatMap((kind) => kind.gpus);
  const named = all.flatMap(({ type, count }) => (type === undefined ? [] : [{ type, count }]));
  const types = [...new Set(named.map(({ type }) => type))];
  const shown = types.length === 0 ? 'no names of types at all' : types.join(', ');
  const right = named.filter(
    ({ type, count }) => count >= gpus && type.toLowerCase().includes((gpuType ?? '').toLowerCase()),
  );
  if (gpuType !== undefined && right.length === 0) {
    const message = `No node has ${gpus} GPU${gpus === 1 ? '' : 's'} of type ${gpuType}: Slurm knows ${shown}.`;
    return err({ code: 'no-such-gpu', message, hint: 'see `sinfo -o %G`', passing: false });
  }
  if (gpuMemory === 0) return ok(right[0]?.type);
  const sized = right.filter(({ type }) => (memories[type] ?? 0) >= gpuMemory);
  // The smallest that is enough leaves the large ones to those who need them.
  const best = sized.sort((a, b) => (memories[a.type] ?? 0) - (memories[b.type] ?? 0))[0];
  if (best !== undefined) return ok(best.type);
  const unsaid = right.filter(({ type }) => memories[type] === undefined).map(({ type }) => type);
  const message = `Which GPUs have ${Math.ceil(gpuMemory / 2 ** 30)} GiB is not known of this profile.`;
  const hint =
    unsaid.length === 0
      ? `lower gpu_memory: the profile's gpu_types gives none as much (${shown})`
      : `say in the profile how much a type has: gpu_types: {${unsaid[0]}: 80G}`;
  return err({ code: 'no-such-gpu', message, hint, passing: false });
}
