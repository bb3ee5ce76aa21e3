/** @file `resources:` of a stage: numbers, sizes and times. */
import type { Resources } from '../graph.ts';
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

const FIELDS: {
  readonly [F in keyof Resources]: {
    readonly parse: (value: unknown) => number | undefined;
    readonly expected: string;
  };
} = {
  cpus: { parse: parseCpus, expected: 'a number of cores, such as 2' },
  gpus: { parse: parseGpus, expected: 'a whole number of GPUs, such as 1' },
  memory: { parse: parseSize, expected: 'bytes, or a size such as 512M or 40G (binary: 1G = 2^30 bytes)' },
  time: { parse: parseTime, expected: 'seconds, or a time such as 90s, 30m, 2h or 1h30m' },
};

const DEFAULTS: Resources = { cpus: 0, gpus: 0, memory: 0, time: 0 };

/** The stage's resources; what cannot be read is reported and left at its default. */
export function resourcesOf(stage: MapNode, problems: Problems): Resources {
  const node: Node | undefined = stage.entries.get('resources')?.value;
  if (node?.kind !== 'map') return DEFAULTS;
  const found: { -readonly [F in keyof Resources]: number } = { ...DEFAULTS };
  for (const field of Object.keys(FIELDS) as (keyof Resources)[]) {
    const value = node.entries.get(field)?.value;
    if (value === undefined || problems.errorAt(value.range)) continue;
    const number = value.kind === 'scalar' ? FIELDS[field].parse(value.value) : undefined;
    if (number !== undefined) found[field] = number;
    else
      problems.error('wrong-format', value.range, `resources.${field} must be ${FIELDS[field].expected}.`, {
        hint: `write ${field}: ${EXAMPLES[field]}`,
      });
  }
  return found;
}

const EXAMPLES: { readonly [F in keyof Resources]: string } = {
  cpus: '2',
  gpus: '1',
  memory: '40G',
  time: '2h',
};
