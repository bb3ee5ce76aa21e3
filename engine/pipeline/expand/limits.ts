/** @file `limits:` of the pipeline and of its stages: named tokens, such as calls that a service allows at a time. */
import { listed } from '../names.ts';
import type { Problems } from '../problems.ts';
import type { Entry, MapNode, Node, Range } from '../yaml/tree.ts';

export type Limits = { readonly [name: string]: number };

/**
 * The limits of a pipeline inside another one: a name that both know is one limit, and the outer number counts. Adds
 * them to `totals`, those of all pipelines together.
 */
export function limitsUnder(
  own: MapNode,
  outer: MapNode | undefined,
  totals: Map<string, number>,
  problems: Problems,
): MapNode {
  const entries = new Map<string, Entry>();
  for (const [name, entry] of own.entries) {
    const effective = outer?.entries.get(name) ?? entry;
    entries.set(name, { ...entry, value: effective.value });
    const total = effective.value.kind === 'scalar' ? effective.value.value : undefined;
    if (typeof total !== 'number') continue;
    const known = totals.get(name) ?? total;
    totals.set(name, known);
    if (known !== total) {
      problems.error(
        'conflicting-limits',
        entry.keyRange,
        `limits.${name} is ${total} here and ${known} in another pipeline.`,
        { hint: `name ${name} under limits: of the pipeline that uses both; its number counts` },
      );
    }
  }
  return { ...own, entries };
}

/** What pipelines below see: the outer numbers first. */
export function limitsBelow(own: MapNode, outer: MapNode | undefined): MapNode {
  return outer === undefined ? own : { ...own, entries: new Map([...own.entries, ...outer.entries]) };
}

/** What a stage holds while it runs: one of each name in a list, or as many as a map says. */
export function limitsOf(stage: MapNode, totals: MapNode, problems: Problems): Limits {
  const node = stage.entries.get('limits')?.value;
  if (node === undefined || node.kind === 'scalar') return {};
  const limits: { [name: string]: number } = {};
  for (const { name, range, count } of asked(node)) {
    const total = totals.entries.get(name)?.value;
    if (total === undefined) unknown(name, range, totals, problems);
    else if (typeof count?.value !== 'number') wrong(name, count?.range ?? range, problems);
    else if (total.kind === 'scalar' && typeof total.value === 'number' && count.value > total.value) {
      problems.error(
        'out-of-range',
        count.range,
        `The stage asks for ${count.value} of "${name}", and there are ${total.value}.`,
        { hint: `raise limits.${name} of the pipeline, or ask for less`, about: name },
      );
    } else limits[name] = count.value;
  }
  return limits;
}

interface Asked {
  readonly name: string;
  readonly range: Range;
  readonly count: { readonly value: unknown; readonly range: Range } | undefined;
}

function asked(node: Exclude<Node, { kind: 'scalar' }>): Asked[] {
  if (node.kind === 'map') {
    return [...node.entries.values()].map(({ key, keyRange, value }) => ({
      name: key,
      range: keyRange,
      count: value.kind === 'scalar' ? { value: value.value, range: value.range } : undefined,
    }));
  }
  return node.items.flatMap((item) =>
    item.kind === 'scalar' && typeof item.value === 'string'
      ? [{ name: item.value, range: item.range, count: { value: 1, range: item.range } }]
      : [],
  );
}

function unknown(name: string, range: Range, totals: MapNode, problems: Problems): void {
  const known = [...totals.entries.keys()];
  problems.error('unknown-limit', range, `The pipeline has no limit "${name}".`, {
    hint:
      problems.suggest(name, known) ??
      (known.length > 0 ? `it has ${listed(known)}` : `add limits: { ${name}: 1 } at the top of the file`),
    about: name,
  });
}

function wrong(name: string, range: Range, problems: Problems): void {
  if (problems.errorAt(range)) return;
  problems.error('wrong-type', range, `limits.${name} must be a whole number.`, { hint: `write ${name}: 1` });
}
