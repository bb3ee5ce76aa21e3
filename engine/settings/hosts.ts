/** @file Hosts and GPUs in the settings of executors. */
import type { JsonObject } from '../../base/json.ts';
import type { HostSettings } from '../executors/settings.ts';
import type { Node } from '../pipeline/yaml/tree.ts';
import { cores, type Field, type Reading, size, wordOf } from './fields.ts';

type Gpus = 'all' | 'none' | readonly string[];

/** Which GPUs may be used: all that are found, none, or a list. */
export function gpus(description: string): Field<Gpus> {
  return {
    schema: { description, type: ['string', 'array'], items: { type: ['string', 'integer'], minimum: 0 } },
    read: (node, { problems }) => {
      if (node.kind === 'scalar') {
        const word = wordOf(node);
        if (word === 'all' || word === 'none') return word;
        const hint = problems.suggest(word, ['all', 'none']) ?? 'a list: [0, 1], or [GPU-...]';
        problems.error('wrong-format', node.range, 'This must be all, none, or a list of GPUs.', { hint });
        return undefined;
      }
      const seen = new Set<string>();
      for (const item of node.kind === 'list' ? node.items : []) {
        const name = wordOf(item);
        if (!/^(?:\d+|[A-Za-z][A-Za-z0-9/-]*)$/.test(name)) {
          const hint = 'nvidia-smi -L shows both';
          problems.error('wrong-format', item.range, 'This must be the index or the UUID of a GPU.', {
            hint,
          });
        } else if (seen.has(name)) {
          problems.error('duplicate-value', item.range, `GPU ${name} is named twice.`, {
            hint: 'name it once',
          });
        }
        seen.add(name);
      }
      return [...seen];
    },
  };
}

const LIMITS: { readonly [K in Exclude<keyof HostSettings, 'host'>]-?: Field<NonNullable<HostSettings[K]>> } =
  {
    cpus: cores('Cores to use there; default: all'),
    memory: size('Memory to use there: bytes, or a size such as 40G; default: all'),
    gpus: gpus('GPUs to use there: all (the default), none, or indices or UUIDs'),
  };

const NAME = 'As ssh takes it: a name of the ssh configuration, or user@host';

const HOST: JsonObject = {
  description: `${NAME}; or {host, cpus, memory, gpus}`,
  type: ['string', 'object'],
  additionalProperties: false,
  required: ['host'],
  properties: {
    host: { description: NAME, type: 'string' },
    ...Object.fromEntries(Object.entries(LIMITS).map(([key, { schema }]) => [key, schema])),
  },
};

export function host(description: string): Field<HostSettings> {
  return {
    schema: { ...HOST, description: `${description}: ${String(HOST['description'])}` },
    read: readHost,
  };
}

export function hosts(description: string): Field<readonly HostSettings[]> {
  return {
    schema: { description, type: 'array', minItems: 1, items: HOST },
    required: true,
    read: (node, reading) => {
      const nodes = node.kind === 'list' ? node.items : [];
      const found = nodes.flatMap((each) => readHost(each, reading) ?? []);
      const seen = new Set<string>();
      for (const [at, { host: name }] of found.entries()) {
        const range = nodes[at]?.range ?? node.range;
        if (seen.has(name)) {
          const hint = 'name it once: cpus and memory say how much of it is used';
          reading.problems.error('duplicate-host', range, `Host ${JSON.stringify(name)} is named twice.`, {
            hint,
          });
        }
        seen.add(name);
      }
      return found;
    },
  };
}

/** Nothing that ssh takes for an option, and nothing that a ProxyCommand's shell could run. */
const DESTINATION = /^(?:[A-Za-z0-9_][A-Za-z0-9_.+-]*@)?[A-Za-z0-9_:[][A-Za-z0-9_.:%\]-]*$/;

function readHost(node: Node, reading: Reading): HostSettings | undefined {
  const named = node.kind === 'map' ? (node.entries.get('host')?.value as Node) : node;
  const name = wordOf(named);
  if (!DESTINATION.test(name)) {
    const hint = 'a name of the ssh configuration, or user@host; a port belongs into the ssh configuration';
    reading.problems.error('bad-host', named.range, 'This is not the name of a host.', { hint });
    return undefined;
  }
  const limits: { [key: string]: unknown } = {};
  for (const [key, field] of Object.entries(LIMITS)) {
    const value = node.kind === 'map' ? node.entries.get(key)?.value : undefined;
    if (value !== undefined) limits[key] = field.read(value, reading);
  }
  return { host: name, ...limits };
}
