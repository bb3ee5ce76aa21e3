/** @file One stage with its values in place: its commands, and the paths and parameters that it names. */
import { dirname, relative, resolve, sep } from 'node:path';
import type { Problems } from '../problems.ts';
import { childText, type MapNode, type Node, type Range, type ScalarNode } from '../yaml/tree.ts';
import type { Generated } from './generate.ts';
import { fill } from './template.ts';
import { dvcText } from './text.ts';
import { addVars, DEFAULT_FILE, type VarsTools } from './vars.ts';

/** A path of a stage; paths start from its folder. */
export interface PathOf {
  readonly path: string;
  /** Relative to the pipeline's folder, with `/`: the same on every machine. */
  readonly label: string;
  readonly written: string;
  readonly range: Range;
}

export interface OutOf extends PathOf {
  /** False: `cache: false` of an `outs`. Metrics and plots are kept all the same, as DVC's run cache does. */
  readonly kept: boolean;
  readonly persist: boolean;
}

/** Parameters of one file: these, or all of it. */
export interface ParamsOf extends PathOf {
  readonly names: readonly { readonly name: string; readonly range: Range }[] | 'all';
  /** `params.yaml` of the stage's folder. */
  readonly usual: boolean;
}

export interface DvcStage {
  readonly generated: Generated;
  readonly folder: string;
  readonly commands: readonly string[];
  readonly deps: readonly PathOf[];
  readonly outs: readonly OutOf[];
  readonly params: readonly ParamsOf[];
  readonly frozen: boolean;
  readonly always: boolean;
  readonly desc: string | undefined;
}

/** Undefined when a value could not be put in place. `file` is the absolute path of the dvc.yaml. */
export function stageOf(
  generated: Generated,
  file: string,
  tools: Omit<VarsTools, 'reserved'>,
): DvcStage | undefined {
  const { problems } = tools;
  const { definition } = generated;
  const early = { vars: generated.vars.values, problems, takes: 'scalars' } as const;
  const wdir = definition.entries.get('wdir')?.value;
  const place = wdir && fill(wdir, early);
  if (wdir !== undefined && place?.kind !== 'scalar') return undefined;
  const base = dirname(file);
  const folder = place === undefined ? base : resolve(base, dvcText(place as ScalarNode));
  const { reserved } = generated;
  const vars = addVars(generated.vars, definition.entries.get('vars')?.value, folder, { ...tools, reserved });
  const template = { vars: vars.values, problems };
  const field = (key: string, takes: 'scalars' | 'options' = 'scalars'): Node | 'wrong' | undefined => {
    const value = definition.entries.get(key)?.value;
    return value === undefined ? undefined : (fill(value, { ...template, takes }) ?? 'wrong');
  };
  const cmd = field('cmd', 'options');
  const deps = field('deps');
  const params = field('params');
  const outs = (['outs', 'metrics', 'plots'] as const).map((key) => ({ key, node: field(key) }));
  const desc = field('desc');
  if (cmd === undefined || [cmd, deps, params, desc, ...outs.map(({ node }) => node)].includes('wrong')) {
    return undefined;
  }
  const pathAt = pathsFrom(folder, base);
  return {
    generated,
    folder,
    commands: commandsOf(cmd as Node, problems),
    deps: itemsOf(deps).flatMap((item) =>
      item.kind === 'scalar' ? [pathAt(dvcText(item), item.range)] : [],
    ),
    outs: outs.flatMap(({ key, node }) =>
      itemsOf(node).flatMap((item) =>
        flagged(item).map(({ text, range, flags }) => ({
          ...pathAt(text, range),
          kept: key !== 'outs' || flagOf(flags, 'cache') !== false,
          persist: flagOf(flags, 'persist') === true,
        })),
      ),
    ),
    params: paramsOf(itemsOf(params), pathAt),
    frozen: flagOf(definition, 'frozen') === true,
    always: flagOf(definition, 'always_changed') === true,
    desc: desc !== 'wrong' && desc?.kind === 'scalar' ? dvcText(desc) : childText(definition, 'desc'),
  };
}

type PathAt = (text: string, range: Range) => PathOf;

function pathsFrom(folder: string, base: string): PathAt {
  return (written, range) => {
    const path = resolve(folder, written);
    const label = relative(base, path).split(sep).join('/') || '.';
    return { path, label, written, range };
  };
}

function itemsOf(node: Node | 'wrong' | undefined): readonly Node[] {
  return node !== 'wrong' && node?.kind === 'list' ? node.items : [];
}

/** Each line of a text is a command of its own; blank ones do nothing. */
function commandsOf(cmd: Node, problems: Problems): readonly string[] {
  const texts = cmd.kind === 'list' ? cmd.items : [cmd];
  const commands = texts.flatMap((node) => {
    if (node.kind !== 'scalar') {
      problems.error('wrong-type', node.range, `A command is text, but this is a ${node.kind}.`, {
        hint: 'write the program before the options: python train.py ${options}',
      });
      return [];
    }
    const text = dvcText(node);
    return cmd.kind === 'list' ? [text] : text.split(/\r\n|\n|\r/);
  });
  const real = commands.filter((text) => text.trim() !== '');
  if (real.length === 0 && !problems.errorAt(cmd.range)) {
    problems.error('empty-command', cmd.range, 'The command is empty.', { hint: 'write what is to be run' });
  }
  return real;
}

interface Flagged {
  readonly text: string;
  readonly range: Range;
  readonly flags: MapNode | undefined;
}

/** `path`, or `{path: {flags}}`; a plot may have a list of flags. */
function flagged(item: Node): Flagged[] {
  if (item.kind === 'scalar') return [{ text: dvcText(item), range: item.range, flags: undefined }];
  if (item.kind !== 'map') return [];
  return [...item.entries.values()].map(({ key, keyRange, value }) => {
    const first = value.kind === 'list' ? value.items[0] : value;
    return { text: key, range: keyRange, flags: first?.kind === 'map' ? first : undefined };
  });
}

function flagOf(map: MapNode | undefined, key: string): boolean | undefined {
  const value = map?.entries.get(key)?.value;
  return value?.kind === 'scalar' && typeof value.value === 'boolean' ? value.value : undefined;
}

/** Names by file; a file named as a whole is tracked as a whole, whatever else is said of it. */
function paramsOf(items: readonly Node[], pathAt: PathAt): readonly ParamsOf[] {
  const files = new Map<string, ParamsOf>();
  const add = (file: string, range: Range, names: ParamsOf['names']): void => {
    const known = files.get(file);
    const both =
      names === 'all' || known?.names === 'all' ? ('all' as const) : [...(known?.names ?? []), ...names];
    const usual = file === DEFAULT_FILE;
    files.set(file, { ...(known ?? pathAt(file, range)), names: both, usual });
  };
  const nameOf = (node: Node): { name: string; range: Range }[] =>
    node.kind === 'scalar' ? [{ name: dvcText(node), range: node.range }] : [];
  for (const item of items) {
    if (item.kind === 'scalar') add(DEFAULT_FILE, item.range, nameOf(item));
    if (item.kind !== 'map') continue;
    for (const { key, keyRange, value } of item.entries.values()) {
      const listed = value.kind === 'list' && value.items.length > 0 ? value.items.flatMap(nameOf) : 'all';
      add(key, keyRange, listed);
    }
  }
  return [...files.values()];
}
