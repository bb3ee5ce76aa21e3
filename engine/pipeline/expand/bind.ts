/** @file `in:` of an instance and the pipeline's `out:` -> bindings, with every source found and of the right type. */
import { compareCodePoints } from '../../../base/canonical.ts';
import type { Binding, Source } from '../graph.ts';
import { listed } from '../names.ts';
import type { Problems } from '../problems.ts';
import type { Entry, MapNode, Node, Range, ScalarNode } from '../yaml/tree.ts';
import type { Files } from './files.ts';
import type { Instance } from './instance.ts';
import { type OutputRef, parseValue, type Value } from './reference.ts';
import type { Group, Referrer, Resolver } from './resolve.ts';
import { accepts, type Expected, formOf } from './types.ts';

/** A stage that a stage needs, and where that is written. */
export interface Need {
  readonly of:
    | { readonly form: 'one'; readonly instance: Instance }
    | { readonly form: 'group'; readonly group: Group };
  readonly range: Range;
}

export interface Binder {
  readonly problems: Problems;
  readonly resolver: Resolver;
  readonly files: Files;
  /** The pipeline's own inputs. */
  readonly inputs: MapNode;
  usedInput(name: string): void;
  /** Members of a group as sources, one list for all that refer to it. */
  readonly groups: Map<string, Items>;
}
export type Items = readonly (readonly [label: string, source: Source])[];

export interface Bound {
  /** Undefined: null for an optional input, or an error. */
  readonly binding: Binding | undefined;
  readonly needs: readonly Need[];
}

type One =
  | { readonly form: 'source'; readonly source: Source }
  | { readonly form: 'items'; readonly items: Items };

export function bind(entry: Entry, expected: Expected, referrer: Referrer, binder: Binder): Bound {
  const { problems } = binder;
  const needs: Need[] = [];
  const node = entry.value;
  const find = (scalar: Node): One | null | undefined => single(scalar, expected, referrer, binder, needs);
  const binding = problems.errorAt(node.range) ? undefined : shape(node);
  return { binding, needs };

  function shape(value: Node): Binding | undefined {
    switch (value.kind) {
      case 'list':
        return fits('list', value.range) ? many('list', listItems(value.items), value.range) : undefined;
      case 'map':
        return fits('map', value.range) ? many('map', mapItems(value), value.range) : undefined;
      case 'scalar':
        return scalar(value);
    }
  }

  function scalar(value: ScalarNode): Binding | undefined {
    const found = find(value);
    if (found === undefined) return undefined;
    if (found === null) {
      if (!expected.optional) missing(value.range);
      return undefined;
    }
    if (found.form === 'items') {
      return fits('group', value.range) ? { arity: 'many', form: 'group', items: found.items } : undefined;
    }
    // One value where a list is taken is a list of one.
    if (expected.arity === 'list') return { arity: 'many', form: 'list', items: [['0', found.source]] };
    return fits('one', value.range) ? { arity: 'one', source: found.source } : undefined;
  }

  function many(form: 'map' | 'list', items: Items | undefined, range: Range): Binding | undefined {
    if (items === undefined) return undefined;
    if (items.length > 0) return { arity: 'many', form, items };
    problems.error('empty-input', range, `${expected.what} is empty.`, {
      hint: expected.optional ? 'leave it out' : 'give it at least one value',
    });
    return undefined;
  }

  function listItems(nodes: readonly Node[]): Items | undefined {
    const items: (readonly [string, Source])[] = [];
    let whole = true;
    for (const item of nodes) {
      const found = member(item);
      if (found === undefined) whole = false;
      else if (found.form === 'source') items.push([String(items.length), found.source]);
      else for (const [, source] of found.items) items.push([String(items.length), source]);
    }
    return whole ? items : undefined;
  }

  function mapItems(map: MapNode): Items | undefined {
    const items: (readonly [string, Source])[] = [];
    let whole = true;
    for (const { key, keyRange, value } of map.entries.values()) {
      if (!isLabel(key)) {
        problems.error('bad-name', keyRange, `"${key}" cannot be a label.`, {
          hint: 'labels become file names: no /, no control characters',
        });
      }
      const found = member(value);
      if (found === undefined) whole = false;
      else if (found.form === 'source') items.push([key, found.source]);
      else for (const [label, source] of found.items) items.push([`${key}[${label}]`, source]);
    }
    return whole ? items.sort((a, b) => compareCodePoints(a[0], b[0])) : undefined;
  }

  function member(item: Node): One | undefined {
    const found = find(item);
    if (found === null) missing(item.range);
    return found ?? undefined;
  }

  function missing(range: Range): void {
    problems.error('missing-input', range, `${expected.what} is null, and it is needed.`, {
      hint: 'give a path or a reference',
    });
  }

  function fits(form: 'one' | 'list' | 'map' | 'group', range: Range): boolean {
    const taken = TAKES[expected.arity ?? 'one'];
    if (taken.forms.includes(form)) return true;
    problems.error(
      'wrong-arity',
      range,
      `${expected.what} takes ${taken.words}, but this is ${FORM_WORDS[form]}.`,
      { hint: taken.hint },
    );
    return false;
  }
}

const FORM_WORDS = { one: 'one value', list: 'a list', map: 'a map', group: 'a group of several' } as const;
const TAKES: {
  readonly [A in NonNullable<Expected['arity']>]: {
    readonly forms: readonly string[];
    readonly words: string;
    readonly hint: string;
  };
} = {
  one: { forms: ['one'], words: 'one value', hint: 'choose one of them' },
  map: { forms: ['map', 'group'], words: 'a map', hint: 'label each value: {label: value}' },
  list: { forms: ['one', 'list', 'group'], words: 'a list', hint: 'write [value, value]' },
  any: { forms: ['one', 'list', 'map', 'group'], words: 'anything', hint: '' },
};

/** Labels are folder entries for commands. */
function isLabel(text: string): boolean {
  return text !== '' && text !== '.' && text !== '..' && text.length <= 200 && !/[/\\\p{Cc}]/u.test(text);
}

function single(
  node: Node,
  expected: Expected,
  referrer: Referrer,
  binder: Binder,
  needs: Need[],
): One | null | undefined {
  const { problems } = binder;
  if (problems.errorAt(node.range)) return undefined;
  if (node.kind === 'scalar' && node.value === null) return null;
  if (node.kind !== 'scalar' || typeof node.value !== 'string') {
    problems.error('wrong-type', node.range, `A value of ${expected.what} must be a path or a reference.`, {
      hint: 'write ./path, in.name or stage.output',
    });
    return undefined;
  }
  const parsed = parseValue(node.value);
  if (!parsed.ok) {
    problems.error(parsed.error.code, node.range, parsed.error.message, {
      hint: parsed.error.hint,
      about: node.value,
    });
    return undefined;
  }
  return sourceOf(parsed.value, node.value, node.range, expected, referrer, binder, needs);
}

function sourceOf(
  value: Value,
  text: string,
  range: Range,
  expected: Expected,
  referrer: Referrer,
  binder: Binder,
  needs: Need[],
): One | null | undefined {
  const { problems, files } = binder;
  switch (value.kind) {
    case 'path': {
      const source = files.find(value.path, range, expected);
      return source && { form: 'source', source };
    }
    case 'input':
      return pipelineInput(value.name, value.subpath, text, range, expected, binder);
    case 'output': {
      const resolved = binder.resolver.resolve(value, text, range, referrer);
      if (resolved === undefined) return undefined;
      needs.push({ of: resolved, range });
      if (resolved.form === 'one') {
        return checkOutput(value, resolved.instance, text, range, expected, problems)
          ? { form: 'source', source: outputSource(value, resolved.instance) }
          : undefined;
      }
      return groupItems(value, resolved.group, text, range, expected, binder);
    }
  }
}

function outputSource(ref: OutputRef, instance: Instance): Source {
  return {
    kind: 'output',
    stage: instance.id,
    output: ref.output,
    ...(ref.subpath === undefined ? {} : { subpath: ref.subpath }),
  };
}

function groupItems(
  ref: OutputRef,
  group: Group,
  text: string,
  range: Range,
  expected: Expected,
  binder: Binder,
): One | undefined {
  const key = `${group.id}.${ref.output}/${ref.subpath ?? ''} ${expected.types?.join(' ') ?? ''}`;
  let items = binder.groups.get(key);
  if (items === undefined) {
    if (!group.members.every(([, one]) => checkOutput(ref, one, text, range, expected, binder.problems)))
      return undefined;
    items = group.members.map(([label, one]) => [label, outputSource(ref, one)] as const);
    binder.groups.set(key, items);
  }
  return { form: 'items', items };
}

/** The output exists and is what the input takes. Members of a folder are of no known type: any may stand there. */
function checkOutput(
  ref: OutputRef,
  instance: Instance,
  text: string,
  range: Range,
  expected: Expected,
  problems: Problems,
): boolean {
  const output = Object.hasOwn(instance.out, ref.output) ? instance.out[ref.output] : undefined;
  if (output === undefined) {
    const names = Object.keys(instance.out);
    const declared = instance.node.entries.get('out')?.value;
    // An output whose declaration is wrong has its own error.
    if (declared?.kind === 'map' && declared.entries.has(ref.output)) return false;
    problems.error(
      'undefined-reference',
      range,
      `"${text}": the stage "${ref.stage}" has no output "${ref.output}".`,
      {
        hint:
          problems.suggest(ref.output, names) ??
          (names.length > 0 ? `it has ${listed(names)}` : 'declare it under out: of that stage'),
        about: text,
      },
    );
    return false;
  }
  if (ref.subpath !== undefined) {
    if (formOf(output.type) === 'folder') return true;
    problems.error(
      'not-a-folder',
      range,
      `"${text}": ${ref.stage}.${ref.output} is one file and has no members.`,
      { hint: `write ${ref.stage}.${ref.output}` },
    );
    return false;
  }
  if (expected.types === undefined || accepts(expected.types, output.type)) return true;
  const declare =
    instance.draft.form === 'command'
      ? `declare what it is under out: of "${ref.stage}", e.g. { type: ${expected.types[0]} }`
      : undefined;
  const fitting = Object.entries(instance.out).filter(([, other]) =>
    accepts(expected.types ?? [], other.type),
  );
  const other =
    fitting.length > 0
      ? `fitting: ${listed(fitting.map(([name]) => `${ref.stage}.${name}`))}`
      : `an output of type ${expected.types.join(' or ')} is needed`;
  problems.error(
    'wrong-artifact-type',
    range,
    `${expected.what} takes ${expected.types.join(' or ')}, but ${text} is ${output.type}.`,
    { hint: declare ?? other, about: text },
  );
  return false;
}

function pipelineInput(
  name: string,
  subpath: string | undefined,
  text: string,
  range: Range,
  expected: Expected,
  binder: Binder,
): One | null | undefined {
  const { problems, inputs, files } = binder;
  const entry = inputs.entries.get(name);
  if (entry === undefined) {
    const known = [...inputs.entries.keys()];
    problems.error('undefined-reference', range, `"${text}": the pipeline has no input "${name}".`, {
      hint:
        problems.suggest(name, known) ??
        (known.length > 0 ? `it has ${listed(known)}` : 'declare it under in: at the top of the file'),
      about: text,
    });
    return undefined;
  }
  binder.usedInput(name);
  const { value } = entry;
  if (problems.errorAt(value.range) || value.kind !== 'scalar') return undefined;
  if (value.value === null) {
    if (expected.optional) return null;
    problems.error('missing-input', entry.keyRange, `The input "${name}" has no default and is needed.`, {
      hint: `give --in ${name}=PATH`,
      related: [{ message: 'needed here', range }],
    });
    return undefined;
  }
  const source = files.input(String(value.value), value.from, value.range, subpath, expected);
  return source && { form: 'source', source };
}
