/** @file `retries:` of a stage: a number, or a map of how often, after what, and with how much more. */
import type { Json } from '../../../base/json.ts';
import { RETRY_CAUSES, type Resources, type Retries, type RetryCause } from '../graph.ts';
import type { Problems } from '../problems.ts';
import { childMap, type MapNode, type Node } from '../yaml/tree.ts';
import { parseTime } from './resources.ts';

const NONE: Retries = { max: 0, on: RETRY_CAUSES, grow: { memory: 1, time: 1 }, wait: 0, backoff: 2 };

/** What cannot be read is reported and left at its default. */
export function retriesOf(stage: MapNode, resources: Resources, problems: Problems): Retries {
  const node = stage.entries.get('retries')?.value;
  if (node === undefined || problems.errorAt(node.range)) return NONE;
  if (node.kind === 'scalar') return { ...NONE, max: number(node, 'retries', problems) ?? 0 };
  if (node.kind === 'list') return NONE;
  const at = (name: string): Node | undefined => node.entries.get(name)?.value;
  const grow = childMap(node, 'grow');
  const factor = (name: 'memory' | 'time'): number => {
    const entry = grow?.entries.get(name);
    if (entry === undefined) return 1;
    if (resources[name] === 0) {
      problems.error('missing-key', entry.keyRange, `There is no resources.${name} that could grow.`, {
        hint: `add resources: { ${name}: ${name === 'memory' ? '8G' : '1h'} }`,
      });
    }
    return number(entry.value, `retries.grow.${name}`, problems) ?? 1;
  };
  return {
    max: number(at('max'), 'retries.max', problems) ?? 0,
    on: causes(at('on'), problems) ?? NONE.on,
    grow: { memory: factor('memory'), time: factor('time') },
    wait: seconds(at('wait'), problems) ?? NONE.wait,
    backoff: number(at('backoff'), 'retries.backoff', problems) ?? NONE.backoff,
  };
}

/** The stage's shape was checked before; text can still stand here that came from a parameter. */
function number(node: Node | undefined, name: string, problems: Problems): number | undefined {
  const value = scalar(node);
  if (node === undefined || typeof value === 'number') return value as number | undefined;
  if (problems.errorAt(node.range)) return undefined;
  problems.error('wrong-type', node.range, `${name} must be a number.`, { hint: 'write it without quotes' });
  return undefined;
}

function causes(node: Node | undefined, problems: Problems): Retries['on'] | undefined {
  if (node?.kind !== 'list') return undefined;
  return node.items.flatMap((item): (RetryCause | number)[] => {
    const value = scalar(item);
    if (typeof value === 'number') return [value];
    if (RETRY_CAUSES.includes(value as RetryCause)) return [value as RetryCause];
    if (problems.errorAt(item.range)) return [];
    problems.error('unknown-value', item.range, `"${String(value)}" is no cause of a failure.`, {
      hint:
        problems.suggest(String(value), RETRY_CAUSES) ??
        `causes: ${RETRY_CAUSES.join(', ')}, and exit codes as numbers`,
    });
    return [];
  });
}

function seconds(node: Node | undefined, problems: Problems): number | undefined {
  if (node === undefined || problems.errorAt(node.range)) return undefined;
  const time = parseTime(scalar(node));
  if (time === undefined) {
    problems.error('wrong-format', node.range, 'retries.wait must be seconds, or a time such as 5s or 2m.', {
      hint: 'write wait: 5s',
    });
  }
  return time;
}

function scalar(node: Node | undefined): Json | undefined {
  return node?.kind === 'scalar' ? node.value : undefined;
}
