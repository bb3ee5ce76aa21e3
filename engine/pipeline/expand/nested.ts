/** @file What a stage that is a pipeline gives to it: parameters now, inputs when they are asked for. */
import { listed } from '../names.ts';
import type { Problems } from '../problems.ts';
import { type Entry, type MapNode, type Range, toJson } from '../yaml/tree.ts';
import { bind } from './bind.ts';
import type { Binder, Bound, Given } from './binder.ts';
import type { NestedDraft } from './draft.ts';
import type { Nested } from './instance.ts';
import { interpolateMap, type Scope } from './interpolate.ts';
import type { Laid, LaidValues } from './overrides.ts';
import { boundOnce } from './passed.ts';
import type { Referrer } from './resolve.ts';
import type { Carried, Rounds } from './rounds.ts';

/** One instance of the stage. */
export interface Asked {
  readonly stage: NestedDraft;
  /** After interpolation. */
  readonly node: MapNode;
  readonly scope: Scope;
  readonly rounds: Rounds | undefined;
  /** From 1. */
  readonly round: number;
}

/** Rounds of one combination so far. */
export interface Series {
  readonly rounds: Nested[];
  /** Rounds whose carried outputs are known. */
  settled: number;
}

interface LaidOver {
  readonly with: LaidValues;
  readonly in: ReadonlyMap<string, Entry>;
  /** Where a missing input is told. */
  readonly range: Range;
}

/** The stage's `with` and `in`, the round's own over them. */
export function laidOver({ stage, node, scope, rounds, round }: Asked, problems: Problems): LaidOver {
  const overlay = rounds?.overlays[round - 1];
  const faces = overlay === undefined ? [node] : [node, interpolateMap(overlay, scope)];
  const parameters = new Map<string, Laid>();
  const inputs = new Map<string, Entry>();
  for (const face of faces) {
    for (const entry of entriesOf(face, 'with')) {
      if (!isKnown(entry, 'with', stage, problems)) continue;
      parameters.set(entry.key, {
        value: toJson(entry.value),
        from: `with.${entry.key} of stage "${stage.name}"`,
      });
    }
    for (const entry of entriesOf(face, 'in')) {
      if (isKnown(entry, 'in', stage, problems)) inputs.set(entry.key, entry);
    }
  }
  return { with: parameters, in: inputs, range: node.entries.get('in')?.keyRange ?? stage.nameRange };
}

function entriesOf(node: MapNode, face: 'with' | 'in'): Iterable<Entry> {
  const value = node.entries.get(face)?.value;
  return value?.kind === 'map' ? value.entries.values() : [];
}

function isKnown(
  { key, keyRange, value }: Entry,
  face: 'with' | 'in',
  { child }: NestedDraft,
  problems: Problems,
): boolean {
  const known = child.draft[face].entries;
  if (known.has(key)) return true;
  const [code, word] = face === 'with' ? ['unknown-parameter', 'parameter'] : ['unknown-input', 'input'];
  const names = [...known.keys()];
  const origin = value.from === undefined ? '' : ` (from ${value.from})`;
  problems.error(code as string, keyRange, `"${child.file}" has no ${word} "${key}"${origin}.`, {
    hint:
      problems.suggest(key, names) ??
      (names.length > 0 ? `it has ${listed(names, 12)}` : `it declares nothing under ${face}:`),
    about: key,
  });
  return false;
}

/** Inputs of the pipeline by name: what the stage says, else what the round before gave. */
export function givenTo(
  entries: ReadonlyMap<string, Entry>,
  { stage, rounds, round }: Asked,
  series: Series,
  { referrer, binder }: { readonly referrer: Referrer; readonly binder: Binder },
): ReadonlyMap<string, Given> {
  const { problems } = binder;
  const given = new Map<string, Given>();
  const own = rounds?.overlays[round - 1];
  const ofRound = new Set(own === undefined ? [] : [...entriesOf(own, 'in')].map(({ key }) => key));
  for (const entry of entries.values()) {
    const expected = {
      what: `Input "${entry.key}" of "${stage.name}"`,
      types: undefined,
      arity: 'any',
      optional: true,
    } as const;
    const spot = { problems, range: entry.value.range };
    given.set(entry.key, { spot, bound: boundOnce(spot, () => bind(entry, expected, referrer, binder)) });
  }
  if (round === 1) return given;
  for (const carried of rounds?.carry ?? []) {
    // Said for this very round: nearer than what goes from round to round.
    if (ofRound.has(carried.input)) continue;
    const spot = { problems, range: carried.range };
    const make = (): Bound => ({ ...outputOfRound(round - 1, carried, rounds?.carry ?? [], series), spot });
    given.set(carried.input, { spot, bound: boundOnce(spot, make) });
  }
  return given;
}

/** Earlier rounds are asked first: a value that all of them pass on is then no deep recursion. */
function outputOfRound(round: number, { output }: Carried, carry: readonly Carried[], series: Series): Bound {
  while (series.settled < round - 1) {
    const earlier = series.rounds[series.settled++] as Nested;
    for (const each of carry) earlier.output(each.output);
  }
  return (series.rounds[round - 1] as Nested).output(output);
}
