/** @file What a stage reads: files of the user, or outputs of other stages, by path. */
import { dirname, relative, sep } from 'node:path';
import type { Json } from '../../../base/json.ts';
import type { Need } from '../expand/binder.ts';
import type { Binding, Source } from '../graph.ts';
import type { Problems } from '../problems.ts';
import { type Node, toJson } from '../yaml/tree.ts';
import type { Writers, Written } from './outs.ts';
import { isRemote } from './remote.ts';
import type { DvcStage, ParamsOf, PathOf } from './stage.ts';
import { member } from './template.ts';
import type { ValueFiles } from './values.ts';

export interface Linked {
  readonly in: { readonly [label: string]: Binding };
  readonly with: { readonly [name: string]: Json };
  readonly needs: readonly Need[];
}

export interface LinkTools {
  readonly problems: Problems;
  readonly files: ValueFiles;
  readonly writers: Writers;
}

export function link(stage: DvcStage, tools: LinkTools): Linked {
  const bindings: { [label: string]: Binding } = {};
  const needs: Need[] = [];
  let parameters: { [name: string]: Json } = {};
  const read = (dep: PathOf): void => {
    const found = bind(dep, stage, tools);
    if (found === undefined) return;
    bindings[dep.label] = found.binding;
    for (const { stage: id } of found.from) {
      needs.push({
        of: { form: 'one', instance: { id } },
        spot: { problems: tools.problems, range: dep.range },
      });
    }
  };
  for (const dep of stage.deps) read(dep);
  for (const params of stage.params) {
    // Values that a stage writes are known when it has run: the file counts as a whole.
    if (tools.writers.at(params.path) !== undefined) read(params);
    else parameters = { ...parameters, ...valuesOf(params, tools) };
  }
  return { in: bindings, with: parameters, needs };
}

interface Bound {
  readonly binding: Binding;
  readonly from: readonly Written[];
}

function bind(dep: PathOf, stage: DvcStage, { problems, writers, files }: LinkTools): Bound | undefined {
  if (isRemote(dep.written)) {
    problems.error('not-supported-yet', dep.range, `"${dep.written}" is not on this machine.`, {
      hint: 'download it in a stage of its own, and depend on the file',
      about: dep.written,
    });
    return undefined;
  }
  const writer = writers.at(dep.path);
  const below = writers.below(dep.path);
  const own = [writer, ...below].find((written) => written?.stage === stage.generated.id);
  if (own !== undefined) {
    problems.error('cycle', dep.range, `"${stage.generated.id}" needs its own output "${own.out.label}".`, {
      related: [{ message: 'the output is here', range: own.out.range }],
      hint: 'take one of the two away',
      about: dep.label,
    });
    return undefined;
  }
  if (writer !== undefined)
    return { binding: { arity: 'one', source: outputOf(writer, dep.path) }, from: [writer] };
  const file: Source = { kind: 'file', path: dep.path, shown: dep.label };
  if (below.length === 0) {
    const exists = files.look(dep.path) !== 'missing';
    if (!exists) missing(dep, files, problems);
    return exists ? { binding: { arity: 'one', source: file }, from: [] } : undefined;
  }
  // A folder of the user's in which stages write: what is theirs is known by its digest, and left out of the rest.
  const rest: Source = { ...file, without: below.map(({ out }) => out.path) };
  const items = below.map((written) => [written.out.label, outputOf(written, written.out.path)] as const);
  return {
    binding: { arity: 'many', form: 'map', items: [['', rest], ...items] },
    from: below,
  };
}

function outputOf({ stage, out }: Written, path: string): Source {
  const subpath = relative(out.path, path).split(sep).join('/');
  return { kind: 'output', stage, output: out.label, ...(subpath === '' ? {} : { subpath }) };
}

function missing(dep: PathOf, files: ValueFiles, problems: Problems): void {
  const pointer = pointerOf(dep.path, files);
  const shown = pointer && (relative(dirname(dep.path), pointer) || pointer);
  problems.error('missing-file', dep.range, `There is no file "${dep.label}", and no stage writes it.`, {
    hint: shown === undefined ? `looked for ${dep.path}` : `DVC keeps it: dvc pull ${shown}`,
    about: dep.path,
  });
}

/** The `.dvc` file of the path or of a folder above it. */
function pointerOf(path: string, { look }: ValueFiles): string | undefined {
  for (let at = path; dirname(at) !== at; at = dirname(at)) {
    if (look(`${at}.dvc`) === 'file') return `${at}.dvc`;
  }
  return undefined;
}

function valuesOf(params: ParamsOf, { files, problems }: LinkTools): { [name: string]: Json } {
  const map = files.read(params.path, params.label, params.range);
  if (map === undefined) return {};
  const prefix = params.usual ? '' : `${params.label}:`;
  const values: { [name: string]: Json } = {};
  if (params.names === 'all') {
    for (const { key, value } of map.entries.values()) values[`${prefix}${key}`] = toJson(value);
    return values;
  }
  for (const { name, range } of params.names) {
    const value = name.split('.').reduce<Node | undefined>((node, part) => node && member(node, part), map);
    if (value !== undefined) values[`${prefix}${name}`] = toJson(value);
    else {
      const hint = problems.suggest(name, map.entries.keys()) ?? `add ${name}: to ${params.label}`;
      const message = `There is no parameter "${name}" in "${params.label}".`;
      problems.error('unknown-parameter', range, message, { hint, about: name });
    }
  }
  return values;
}
