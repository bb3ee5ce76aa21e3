/** @file `resources:` of a stage: numbers, sizes, times and the name of a GPU. */
import { NO_RESOURCES, type Resources } from '../graph.ts';
import { scalarText } from '../names.ts';
import type { Problems } from '../problems.ts';
import type { MapNode, Node } from '../yaml/tree.ts';

const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['K', 2 ** 10],
  ['M', 2 ** 20],
  ['G', 2 ** 30],
  ['T', 2 ** 40],
]);
const SECONDS: ReadonlyMap<string, number> = new Map([
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
]);

/** Bytes: a count, or a binary size (40G = 40 x 2^30). Undefined when it is neither. */
export function parseSize(value: unknown): number | undefined {
  if (typeof value === 'number') return value >= 0 && Number.isSafeInteger(value) ? value : undefined;
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?) ?([KMGT]?)(?:iB)?$/.exec(value) : null;
  if (match === null) return undefined;
  const bytes = Math.round(Number(match[1]) * (UNITS.get(match[2] as string) as number));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Seconds: a number, or parts such as 1h30m, 90s, 2d. Undefined when it is neither. */
export function parseTime(value: unknown): number | undefined {
  if (typeof value === 'number') return value >= 0 ? value : undefined;
  if (typeof value !== 'string' || !/^(?:\d+(?:\.\d+)?[dhms])+$/.test(value)) return undefined;
  let seconds = 0;
  for (const [, count, unit] of value.matchAll(/(\d+(?:\.\d+)?)([dhms])/g)) {
    seconds += Number(count) * (SECONDS.get(unit as string) as number);
  }
  return Number.isFinite(seconds) ? seconds : undefined;
}

function parseCpus(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 ? value : undefined;
}
function parseGpus(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}
function parseNodes(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 ? value : undefined;
}

type Amount = Exclude<keyof Resources, 'gpuType'>;

const AMOUNTS: {
  readonly [F in Amount]: {
    readonly key: string;
    readonly parse: (value: unknown) => number | undefined;
    readonly expected: string;
    readonly example: string;
  };
} = {
  cpus: { key: 'cpus', parse: parseCpus, expected: 'a number of cores, such as 2', example: '2' },
  gpus: { key: 'gpus', parse: parseGpus, expected: 'a whole number of GPUs, such as 1', example: '1' },
  nodes: { key: 'nodes', parse: parseNodes, expected: 'a whole number of nodes, at least 1', example: '1' },
  memory: {
    key: 'memory',
    parse: parseSize,
    expected: 'bytes, or a size such as 512M or 40G (binary: 1G = 2^30 bytes)',
    example: '40G',
  },
  gpuMemory: {
    key: 'gpu_memory',
    parse: parseSize,
    expected: 'bytes, or a size such as 24G or 80G (binary: 1G = 2^30 bytes)',
    example: '24G',
  },
  time: {
    key: 'time',
    parse: parseTime,
    expected: 'seconds, or a time such as 90s, 30m, 2h or 1h30m',
    example: '2h',
  },
};

/** The stage's resources; what cannot be read is reported and left at its default. */
export function resourcesOf(stage: MapNode, problems: Problems): Resources {
  const node: Node | undefined = stage.entries.get('resources')?.value;
  if (node?.kind !== 'map') return NO_RESOURCES;
  const found = { ...NO_RESOURCES, ...resourcesIn(node, problems) };
  checkGpus(node, problems);
  return found;
}

/** Those that are written, and can be read. */
export function resourcesIn(node: MapNode, problems: Problems): Partial<Resources> {
  const found: { -readonly [F in keyof Resources]?: Resources[F] } = {};
  for (const field of Object.keys(AMOUNTS) as Amount[]) {
    const { key, parse, expected, example } = AMOUNTS[field];
    const value = node.entries.get(key)?.value;
    if (value === undefined || problems.errorAt(value.range)) continue;
    const number = value.kind === 'scalar' ? parse(value.value) : undefined;
    if (number !== undefined) found[field] = number;
    else
      problems.error('wrong-format', value.range, `resources.${key} must be ${expected}.`, {
        hint: `write ${key}: ${example}`,
      });
  }
  const type = typeOf(node.entries.get('gpu_type')?.value, problems);
  if (type !== undefined) found.gpuType = type;
  return found;
}

/** A name of digits alone, such as 3090, is a number to YAML. */
function typeOf(node: Node | undefined, problems: Problems): string | undefined {
  if (node === undefined || problems.errorAt(node.range)) return undefined;
  const value = node.kind === 'scalar' ? node.value : undefined;
  const text = typeof value === 'number' ? scalarText(value) : value;
  if (typeof text === 'string' && /^[A-Za-z0-9][A-Za-z0-9 ._-]*$/.test(text)) return text;
  problems.error('wrong-format', node.range, "resources.gpu_type must be a GPU's name, or a part of it.", {
    hint: 'write gpu_type: a100; its case does not matter',
  });
  return undefined;
}

/** What GPUs must be like says nothing without GPUs; a parameter may well say that there are none this time. */
function checkGpus(node: MapNode, problems: Problems): void {
  const gpus = node.entries.get('gpus')?.value;
  const none = gpus === undefined || (gpus.kind === 'scalar' && gpus.value === 0 && gpus.from === undefined);
  if (!none) return;
  for (const key of ['gpu_memory', 'gpu_type']) {
    const entry = node.entries.get(key);
    if (entry === undefined) continue;
    problems.error(
      'missing-key',
      entry.keyRange,
      `resources.${key} is for GPUs, and the stage asks for none.`,
      {
        hint: 'add gpus: 1',
      },
    );
  }
}
