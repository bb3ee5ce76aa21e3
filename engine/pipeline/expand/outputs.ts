/** @file What a stage writes: said by its kind, or declared by a `run:` stage. */
import type { Manifest } from '../../../stages/protocol/manifest.ts';
import { ARTIFACT_TYPES } from '../format.ts';
import type { Output } from '../graph.ts';
import { isName, listed } from '../names.ts';
import type { Problems } from '../problems.ts';
import { childMap, childText, type Entry, type MapNode, type Range } from '../yaml/tree.ts';
import { badName, type TaskDraft } from './draft.ts';
import { parseType } from './types.ts';

export type Outputs = { readonly [name: string]: Output };

export function outputsOf(draft: TaskDraft, stage: MapNode, problems: Problems): Outputs {
  if (draft.manifest !== undefined) {
    const entries = Object.entries(draft.manifest.out);
    const temporary = temporaryOf(stage, draft.manifest, problems);
    return Object.fromEntries(
      entries.map(([name, { type, name: file }]) => [
        name,
        { type, ...(file === undefined ? {} : { name: file }), ...temporary.get(name) },
      ]),
    );
  }
  const declared = stage.entries.get('out')?.value;
  if (declared?.kind !== 'map') return {};
  checkDistinct(declared, 'out', problems);
  const outputs: { [name: string]: Output } = {};
  const files = new Map<string, Range>();
  for (const entry of declared.entries.values()) {
    if (!isName(entry.key)) badName(entry.key, entry.keyRange, 'the name of an output', problems);
    const output = outputOf(entry, problems);
    if (output === undefined) continue;
    outputs[entry.key] = output;
    if (output.name === undefined) continue;
    // File systems that fold case would write one over the other.
    const first = files.get(output.name.toLowerCase());
    if (first === undefined) files.set(output.name.toLowerCase(), entry.keyRange);
    else {
      problems.error('duplicate-output', entry.keyRange, `Two outputs have the file name "${output.name}".`, {
        related: [{ message: 'the first is here', range: first }],
        hint: 'give each its own name:',
      });
    }
  }
  return outputs;
}

/** The kind says what its outputs are; a stage may only say which of them are not kept. */
function temporaryOf(
  stage: MapNode,
  { kind, out }: Manifest,
  problems: Problems,
): ReadonlyMap<string, Pick<Output, 'temp'>> {
  const temporary = new Map<string, Pick<Output, 'temp'>>();
  for (const { key, keyRange, value } of childMap(stage, 'out')?.entries.values() ?? []) {
    if (!Object.hasOwn(out, key)) {
      const names = Object.keys(out);
      problems.error('unknown-output', keyRange, `The kind "${kind}" has no output "${key}".`, {
        hint: problems.suggest(key, names) ?? `it has ${listed(names)}`,
      });
      continue;
    }
    const other =
      value.kind === 'map' ? [...value.entries.values()].find((each) => each.key !== 'temp') : value;
    if (other !== undefined) {
      const range = 'keyRange' in other ? other.keyRange : other.range;
      problems.error('only-for-commands', range, `The kind "${kind}" says what its outputs are.`, {
        hint: `write ${key}: { temp: true }, or delete it`,
        about: key,
      });
    } else if (flagOf(value.kind === 'map' ? value : undefined, 'temp')) temporary.set(key, { temp: true });
  }
  return temporary;
}

function flagOf(map: MapNode | undefined, name: string): boolean {
  const value = map?.entries.get(name)?.value;
  return value?.kind === 'scalar' && value.value === true;
}

function outputOf({ key, value }: Entry, problems: Problems): Output | undefined {
  if (problems.errorAt(value.range)) return undefined;
  const type =
    value.kind === 'map'
      ? (childText(value, 'type') ?? 'file')
      : value.kind === 'scalar'
        ? value.value
        : undefined;
  // Another type of value was refused with the stage's shape.
  if (typeof type !== 'string') return undefined;
  const map = value.kind === 'map' ? value : undefined;
  const at = (name: string): Range => map?.entries.get(name)?.value.range ?? value.range;
  const schema = map && childText(map, 'schema');
  const parsed = parseType(type, schema);
  if (parsed === undefined) {
    const hint =
      type === 'records'
        ? 'add schema: with the row schema, e.g. pairs'
        : (problems.suggest(type, ARTIFACT_TYPES) ?? `types: ${ARTIFACT_TYPES.join(', ')}`);
    const fault =
      schema === undefined || type === 'records'
        ? `"${type}" is no type of an artifact`
        : `the type "${type}" has no schema`;
    problems.error('unknown-type', at('type'), `Output "${key}": ${fault}.`, { hint });
  }
  const temp = flagOf(map, 'temp') ? ({ temp: true } as const) : {};
  const name = map && childText(map, 'name');
  if (name !== undefined && !isFileName(name)) {
    problems.error(
      'path-escapes',
      at('name'),
      `The file name "${name}" of output "${key}" would leave the output's folder.`,
      {
        hint: 'a plain file name, without / and ..',
      },
    );
    return undefined;
  }
  return parsed && { type: parsed, ...(name === undefined ? {} : { name }), ...temp };
}

function isFileName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\\\p{Cc}]/u.test(name) && name.length <= 200;
}

/** Names become variables: `a-b` and `A_B` would both be WARREN_OUT_A_B. */
export function checkDistinct(node: MapNode, face: 'in' | 'out', problems: Problems): void {
  const seen = new Map<string, Entry>();
  for (const entry of node.entries.values()) {
    const variable = entry.key.toUpperCase().replaceAll('-', '_');
    const first = seen.get(variable);
    if (first === undefined) seen.set(variable, entry);
    else {
      problems.error(
        'colliding-names',
        entry.keyRange,
        `"${first.key}" and "${entry.key}" would both be WARREN_${face.toUpperCase()}_${variable}.`,
        {
          related: [{ message: 'the other is here', range: first.keyRange }],
          hint: 'rename one of them',
        },
      );
    }
  }
}
