/** @file One value of an input -> where its bytes come from, found and of the right type. */
import type { Source } from '../graph.ts';
import { listed } from '../names.ts';
import type { Node, Range } from '../yaml/tree.ts';
import { type Asking, type Items, type One, placeOf, type Reference, type Told } from './binder.ts';
import type { Task } from './instance.ts';
import { givenInput, missingGiven, nestedGroup, nestedOutput } from './passed.ts';
import { type OutputRef, parseValue } from './reference.ts';
import { type Group, unknownOutput } from './resolve.ts';
import { accepts, type Expected, formOf } from './types.ts';

/** Null for a null; undefined after an error. */
export function sourceOf(node: Node, asking: Asking): One | null | undefined {
  const { binder, expected } = asking;
  const { problems } = binder;
  if (problems.errorAt(node.range)) return undefined;
  if (node.kind === 'scalar' && node.value === null) return null;
  if (node.kind !== 'scalar' || typeof node.value !== 'string') {
    problems.error('wrong-type', node.range, `${expected.what} must be a path or a reference.`, {
      hint: 'write ./path, in.name or stage.output',
    });
    return undefined;
  }
  const written: Reference = { text: node.value, range: node.range };
  const parsed = parseValue(node.value);
  if (!parsed.ok) {
    const { code, message, hint } = parsed.error;
    problems.error(code, node.range, message, { hint, about: node.value });
    return undefined;
  }
  const { value } = parsed;
  switch (value.kind) {
    case 'path': {
      const source = binder.files.find(value.path, node.range, expected);
      return source && { form: 'source', source, told: toldHere(node.range, asking) };
    }
    case 'input':
      return pipelineInput(value.name, value.subpath, written, asking);
    case 'output':
      return stageOutput(value, written, asking);
  }
}

function toldHere(range: Range, { binder: { problems } }: Asking): Told {
  return { spot: { problems, range }, related: [] };
}

function stageOutput(ref: OutputRef, written: Reference, asking: Asking): One | null | undefined {
  const { binder, referrer, needs } = asking;
  const { problems } = binder;
  const resolved = binder.resolver.resolve(ref, written.text, written.range, referrer);
  if (resolved === undefined) return undefined;
  const told = toldHere(written.range, asking);
  if (resolved.form === 'one') {
    const { instance } = resolved;
    if (instance.form === 'pipeline') return nestedOutput(ref, instance, written, asking);
    needs.push({ of: { form: 'one', instance }, spot: told.spot });
    if (!checkOutput(ref, instance, written, asking)) return undefined;
    return { form: 'source', source: outputSource(ref, instance), told };
  }
  const { id, members } = resolved.group;
  if (members.some(([, one]) => one.form === 'pipeline'))
    return nestedGroup(ref, resolved.group, written, asking);
  needs.push({ of: { form: 'group', group: { id, members } }, spot: { problems, range: written.range } });
  const items = groupItems(ref, resolved.group, written, asking);
  return items && { form: 'items', as: 'group', items, told };
}

function outputSource(ref: OutputRef, instance: Task): Source {
  const member = ref.subpath === undefined ? {} : { subpath: ref.subpath };
  return { kind: 'output', stage: instance.id, output: ref.output, ...member };
}

function groupItems(ref: OutputRef, group: Group, written: Reference, asking: Asking): Items | undefined {
  const { binder, expected } = asking;
  const key = `${group.id}.${ref.output}/${ref.subpath ?? ''} ${expected.types?.join(' ') ?? ''}`;
  let items = binder.groups.get(key);
  if (items === undefined) {
    const tasks = group.members as readonly (readonly [string, Task])[];
    if (!tasks.every(([, one]) => checkOutput(ref, one, written, asking))) return undefined;
    items = tasks.map(([label, one]) => [label, outputSource(ref, one)] as const);
    binder.groups.set(key, items);
  }
  return items;
}

/** The output exists and is what the input takes. Members of a folder are of no known type: any may stand there. */
function checkOutput(ref: OutputRef, instance: Task, { text, range }: Reference, asking: Asking): boolean {
  const { expected, binder } = asking;
  const { problems } = binder;
  const output = Object.hasOwn(instance.out, ref.output) ? instance.out[ref.output] : undefined;
  if (output === undefined) {
    unknownOutput(ref, instance, { text, range }, problems);
    return false;
  }
  if (ref.subpath !== undefined) {
    if (formOf(output.type) === 'folder') return true;
    const whole = `${ref.stage}.${ref.output}`;
    problems.error('not-a-folder', range, `"${text}": ${whole} is one file and has no members.`, {
      hint: `write ${whole}`,
    });
    return false;
  }
  const { types } = expected;
  if (types === undefined || accepts(types, output.type)) return true;
  const wanted = types.join(' or ');
  problems.error(
    'wrong-artifact-type',
    range,
    `${expected.what} takes ${wanted}, but ${text} is ${output.type}.`,
    {
      hint: typeHint(ref, instance, types) ?? `an output of type ${wanted} is needed`,
      about: text,
    },
  );
  return false;
}

function typeHint(ref: OutputRef, instance: Task, types: NonNullable<Expected['types']>): string | undefined {
  if (instance.draft.form === 'command') {
    return `declare what it is under out: of "${ref.stage}", e.g. { type: ${types[0]} }`;
  }
  const fitting = Object.entries(instance.out).filter(([, other]) => accepts(types, other.type));
  return fitting.length > 0
    ? `fitting: ${listed(fitting.map(([name]) => `${ref.stage}.${name}`))}`
    : undefined;
}

function pipelineInput(
  name: string,
  subpath: string | undefined,
  written: Reference,
  asking: Asking,
): One | null | undefined {
  const { expected, binder } = asking;
  const { problems, inputs, files, outer } = binder;
  const { text, range } = written;
  const entry = inputs.entries.get(name);
  if (entry === undefined) {
    const names = [...inputs.entries.keys()];
    const known =
      names.length > 0 ? `it has ${listed(names)}` : 'declare it under in: at the top of the file';
    problems.error('undefined-reference', range, `"${text}": the pipeline has no input "${name}".`, {
      hint: problems.suggest(name, names) ?? known,
      about: text,
    });
    return undefined;
  }
  binder.usedInput(name);
  const given = binder.given.get(name);
  if (given !== undefined) return givenInput(name, given, subpath, written, asking);
  const { value } = entry;
  if (problems.errorAt(value.range) || value.kind !== 'scalar') return undefined;
  if (value.value === null) {
    if (expected.optional) return null;
    if (outer !== undefined) missingGiven(name, outer.spot, outer.name, placeOf({ problems, range }));
    else {
      problems.error('missing-input', entry.keyRange, `The input "${name}" has no default and is needed.`, {
        hint: `give --in ${name}=PATH`,
        related: [{ message: 'needed here', range }],
      });
    }
    return undefined;
  }
  const source = files.input(String(value.value), value.from, value.range, subpath, expected);
  return source && { form: 'source', source, told: toldHere(range, asking) };
}
