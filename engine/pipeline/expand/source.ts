/** @file One value of an input -> where its bytes come from, found and of the right type. */
import type { Source } from '../graph.ts';
import { listed } from '../names.ts';
import type { Problems } from '../problems.ts';
import type { MapNode, Node, Range } from '../yaml/tree.ts';
import type { Files } from './files.ts';
import type { Instance } from './instance.ts';
import { type OutputRef, parseValue } from './reference.ts';
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
  /** Set for a stage that is left out: then every input may be null. */
  readonly optional?: true;
}

export type Items = readonly (readonly [label: string, source: Source])[];

/** `items` are the members of a group. */
export type One =
  | { readonly form: 'source'; readonly source: Source }
  | { readonly form: 'items'; readonly items: Items };

/** Who asks for what; `needs` collects the stages that are referred to. */
export interface Asking {
  readonly expected: Expected;
  readonly referrer: Referrer;
  readonly binder: Binder;
  readonly needs: Need[];
}
/** A reference as it is written. */
interface Written {
  readonly text: string;
  readonly range: Range;
}

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
  const written: Written = { text: node.value, range: node.range };
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
      return source && { form: 'source', source };
    }
    case 'input':
      return pipelineInput(value.name, value.subpath, written, asking);
    case 'output':
      return stageOutput(value, written, asking);
  }
}

function stageOutput(ref: OutputRef, written: Written, asking: Asking): One | undefined {
  const { binder, referrer, needs } = asking;
  const resolved = binder.resolver.resolve(ref, written.text, written.range, referrer);
  if (resolved === undefined) return undefined;
  needs.push({ of: resolved, range: written.range });
  if (resolved.form === 'group') return groupItems(ref, resolved.group, written, asking);
  if (!checkOutput(ref, resolved.instance, written, asking)) return undefined;
  return { form: 'source', source: outputSource(ref, resolved.instance) };
}

function outputSource(ref: OutputRef, instance: Instance): Source {
  const member = ref.subpath === undefined ? {} : { subpath: ref.subpath };
  return { kind: 'output', stage: instance.id, output: ref.output, ...member };
}

function groupItems(ref: OutputRef, group: Group, written: Written, asking: Asking): One | undefined {
  const { binder, expected } = asking;
  const key = `${group.id}.${ref.output}/${ref.subpath ?? ''} ${expected.types?.join(' ') ?? ''}`;
  let items = binder.groups.get(key);
  if (items === undefined) {
    if (!group.members.every(([, one]) => checkOutput(ref, one, written, asking))) return undefined;
    items = group.members.map(([label, one]) => [label, outputSource(ref, one)] as const);
    binder.groups.set(key, items);
  }
  return { form: 'items', items };
}

/** The output exists and is what the input takes. Members of a folder are of no known type: any may stand there. */
function checkOutput(ref: OutputRef, instance: Instance, { text, range }: Written, asking: Asking): boolean {
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

function typeHint(
  ref: OutputRef,
  instance: Instance,
  types: NonNullable<Expected['types']>,
): string | undefined {
  if (instance.draft.form === 'command') {
    return `declare what it is under out: of "${ref.stage}", e.g. { type: ${types[0]} }`;
  }
  const fitting = Object.entries(instance.out).filter(([, other]) => accepts(types, other.type));
  return fitting.length > 0
    ? `fitting: ${listed(fitting.map(([name]) => `${ref.stage}.${name}`))}`
    : undefined;
}

function unknownOutput(
  ref: OutputRef,
  instance: Instance,
  { text, range }: Written,
  problems: Problems,
): void {
  const declared = instance.node.entries.get('out')?.value;
  // An output whose declaration is wrong has its own error.
  if (declared?.kind === 'map' && declared.entries.has(ref.output)) return;
  const names = Object.keys(instance.out);
  const known = names.length > 0 ? `it has ${listed(names)}` : 'declare it under out: of that stage';
  problems.error(
    'undefined-reference',
    range,
    `"${text}": the stage "${ref.stage}" has no output "${ref.output}".`,
    {
      hint: problems.suggest(ref.output, names) ?? known,
      about: text,
    },
  );
}

function pipelineInput(
  name: string,
  subpath: string | undefined,
  { text, range }: Written,
  asking: Asking,
): One | null | undefined {
  const { expected, binder } = asking;
  const { problems, inputs, files } = binder;
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
