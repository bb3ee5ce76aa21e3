/** @file Values that cross the border of a pipeline that is a stage: what it is given, and what it gives. */
import { compareCodePoints } from '../../../base/canonical.ts';
import type { Place } from '../../../base/diagnostic.ts';
import type { ArtifactType } from '../../../stages/protocol/manifest.ts';
import type { Source } from '../graph.ts';
import {
  type Asking,
  type Bound,
  type Given,
  type Items,
  type Need,
  type One,
  placeOf,
  type Reference,
  type Spot,
  type Told,
} from './binder.ts';
import type { Nested } from './instance.ts';
import type { OutputRef } from './reference.ts';
import { type Group, unknownOutput } from './resolve.ts';
import { accepts, formOf } from './types.ts';

/** Made when first asked for. What is made of itself has an error instead. */
export function boundOnce(spot: Spot, make: () => Bound): () => Bound {
  let state: Bound | 'open' | undefined;
  return () => {
    if (state === 'open') {
      spot.problems.error('cycle', spot.range, 'What is passed on here comes back to itself.', {
        hint: 'take one of these inputs away',
      });
      return { binding: undefined, needs: [], spot };
    }
    if (state === undefined) {
      state = 'open';
      state = make();
    }
    return state;
  };
}

/** `in.x` where the parent gives `x`. */
export function givenInput(
  name: string,
  given: Given,
  subpath: string | undefined,
  written: Reference,
  asking: Asking,
): One | null | undefined {
  const { problems, outer } = asking.binder;
  const bound = given.bound();
  const used = placeOf({ problems, range: written.range });
  if (bound.binding === null) {
    if (asking.expected.optional) return null;
    missingGiven(name, given.spot, outer?.name ?? '', used);
    return undefined;
  }
  // In the parent's words: there it can be mended.
  const told = { spot: bound.spot, related: [{ message: `used here, as in.${name}`, place: used }] };
  return crossing(bound, subpath, told, bound.spot, asking);
}

export function missingGiven(name: string, spot: Spot, stage: string, used: Place): void {
  spot.problems.error('missing-input', spot.range, `The stage "${stage}" needs the input "${name}".`, {
    hint: `add ${name}: under in:`,
    related: [{ message: 'needed here', place: used }],
    about: name,
  });
}

/** `beaver.policy`, `beaver[round=2].policy` */
export function nestedOutput(
  ref: OutputRef,
  nested: Nested,
  written: Reference,
  asking: Asking,
): One | null | undefined {
  const { problems } = asking.binder;
  if (!nested.draft.child.draft.out.entries.has(ref.output)) {
    unknownOutput(ref, nested, written, problems);
    return undefined;
  }
  const bound = nested.output(ref.output);
  const spot = { problems, range: written.range };
  const told = { spot, related: [{ message: 'it comes from here', place: placeOf(bound.spot) }] };
  return bound.binding === null ? null : crossing(bound, ref.subpath, told, spot, asking);
}

/** A value of another file: of the right type here, and needed here. */
function crossing(
  { binding }: Bound,
  subpath: string | undefined,
  told: Told,
  needed: Spot,
  asking: Asking,
): One | undefined {
  if (binding === undefined || binding === null) return undefined;
  if (binding.arity === 'one') {
    const source = subpath === undefined ? binding.source : memberOf(binding.source, subpath, told, asking);
    if (source === undefined || !isAccepted(source, told, asking)) return undefined;
    if (source.kind === 'output') {
      asking.needs.push({ of: { form: 'one', instance: { id: source.stage } }, spot: needed });
    }
    return { form: 'source', source, told };
  }
  const { form: as, items } = binding;
  if (subpath !== undefined) {
    told.spot.problems.error(
      'wrong-arity',
      told.spot.range,
      'Several values have no members to choose from.',
      {
        hint: `take the whole, without /${subpath}`,
        related: told.related,
      },
    );
    return undefined;
  }
  if (!items.every(([, source]) => isAccepted(source, told, asking))) return undefined;
  const need = needOf(items, needed, asking);
  if (need !== undefined) asking.needs.push(need);
  return { form: 'items', as, items, told };
}

/** A list that is passed on is one node of the graph, however many stages take it. */
function needOf(items: Items, spot: Spot, { binder: { passed } }: Asking): Need | undefined {
  let group = passed.get(items);
  if (group === undefined) {
    const stages = new Set(items.flatMap(([, source]) => (source.kind === 'output' ? [source.stage] : [])));
    group = { id: `passed ${passed.size}`, members: [...stages].map((id) => ['', { id }] as const) };
    passed.set(items, group);
  }
  return group.members.length === 0 ? undefined : { of: { form: 'group', group }, spot };
}

function memberOf(
  source: Source,
  subpath: string,
  { spot, related }: Told,
  { binder }: Asking,
): Source | undefined {
  if (source.kind === 'file') return binder.files.member(source, subpath, spot);
  const type = source.subpath === undefined ? typeOf(source, binder.tasks) : 'folder';
  if (type === undefined || formOf(type) === 'folder') {
    const whole = source.subpath === undefined ? subpath : `${source.subpath}/${subpath}`;
    return { ...source, subpath: whole };
  }
  const { stage, output } = source;
  spot.problems.error('not-a-folder', spot.range, `${stage}.${output} is one file and has no members.`, {
    hint: 'take the whole',
    related,
  });
  return undefined;
}

function typeOf(
  source: Extract<Source, { kind: 'output' }>,
  tasks: Asking['binder']['tasks'],
): ArtifactType | undefined {
  return tasks.get(source.stage)?.out[source.output]?.type;
}

/** As for outputs of the same file (source.ts); members of a folder are of no known type. */
function isAccepted(source: Source, { spot, related }: Told, { expected, binder }: Asking): boolean {
  const { types, what } = expected;
  if (types === undefined) return true;
  if (source.kind === 'file') {
    const found = binder.files.form(source.path);
    if (found === undefined || types.some((type) => formOf(type) === found)) return true;
    wrongType(source.shown, `a ${found}`);
    return false;
  }
  const type = source.subpath === undefined ? typeOf(source, binder.tasks) : undefined;
  if (type === undefined || accepts(types, type)) return true;
  wrongType(`${source.stage}.${source.output}`, type);
  return false;

  function wrongType(shown: string, is: string): void {
    const wanted = types?.join(' or ') ?? '';
    spot.problems.error(
      'wrong-artifact-type',
      spot.range,
      `${what} takes ${wanted}, but ${shown} is ${is}.`,
      {
        hint: `a value of type ${wanted} is needed`,
        related,
        about: `${what} ${shown}`,
      },
    );
  }
}

/** `beaver[*].curve`: one group of what all of them give; a group inside continues the label, other forms stand in brackets. */
export function nestedGroup(
  ref: OutputRef,
  group: Group,
  written: Reference,
  asking: Asking,
): One | undefined {
  const { binder } = asking;
  const { problems } = binder;
  const key = `${group.id}.${ref.output}/${ref.subpath ?? ''}`;
  const spot = { problems, range: written.range };
  const told = { spot, related: [] };
  let items = binder.groups.get(key);
  if (items === undefined) {
    items = membersOf(ref, group, written, { ...asking, expected: ANYTHING, needs: [] });
    if (items === undefined) return undefined;
    binder.groups.set(key, items);
  }
  return crossing(
    { binding: { arity: 'many', form: 'group', items }, needs: [], spot },
    undefined,
    told,
    spot,
    asking,
  );
}

const ANYTHING: Asking['expected'] = { what: 'This', types: undefined, arity: 'any', optional: true };

function membersOf(ref: OutputRef, group: Group, written: Reference, asking: Asking): Items | undefined {
  const { problems } = asking.binder;
  const items: (readonly [string, Source])[] = [];
  for (const [label, nested] of group.members) {
    const one = nestedOutput(ref, nested as Nested, written, asking);
    if (one === undefined) return undefined;
    if (one === null) {
      const message = `"${written.text}": ${nested.local}.${ref.output} is null, and a group holds values.`;
      problems.error('missing-input', written.range, message, { hint: 'leave that one out' });
      return undefined;
    }
    if (one.form === 'source') items.push([label, one.source]);
    else {
      for (const [inner, source] of one.items) {
        items.push([one.as === 'group' ? `${label},${inner}` : `${label}[${inner}]`, source]);
      }
    }
  }
  return items.sort((a, b) => compareCodePoints(a[0], b[0]));
}
