/** @file The pipeline as written: its faces and its stages, checked for shape and names, not yet expanded. */
import { basename } from 'node:path';
import type { JsonObject } from '../../../base/json.ts';
import type { Manifest } from '../../../stages/protocol/manifest.ts';
import { explain } from '../check/explain.ts';
import { checkOf } from '../check/validator.ts';
import { LATER_STAGE_KEYS, pipelineSchema, stageSchema } from '../format.ts';
import { isName, listed, RESERVED_NAMES } from '../names.ts';
import type { Problems } from '../problems.ts';
import type { Reads } from '../reads.ts';
import type { Registry } from '../registry.ts';
import {
  childMap,
  childText,
  type Entry,
  type MapNode,
  mapNode,
  mapToJson,
  type Node,
  type Range,
} from '../yaml/tree.ts';

export interface StageDraft {
  readonly name: string;
  readonly nameRange: Range;
  readonly node: MapNode;
  readonly form: 'kind' | 'command';
  /** Of a `uses:` stage. */
  readonly manifest: Manifest | undefined;
}

export interface Draft {
  readonly name: string;
  readonly with: MapNode;
  readonly in: MapNode;
  readonly stages: ReadonlyMap<string, StageDraft>;
  /** Stages that stand in the file but cannot be understood: references to them are not errors of their own. */
  readonly broken: ReadonlySet<string>;
  readonly out: MapNode;
  readonly limits: MapNode;
}

export interface DraftTools {
  readonly problems: Problems;
  readonly registry: Registry;
  readonly reads: Reads;
}

const EMPTY: Range = [0, 1];

export function draftOf(root: Node, file: string, tools: DraftTools): Draft | undefined {
  const { problems } = tools;
  if (root.kind !== 'map') {
    problems.error('wrong-type', root.range, 'A pipeline file is a map with the key stages.', {
      hint: 'begin with name: and stages:',
    });
    return undefined;
  }
  const errors = checkOf(pipelineSchema)(mapToJson(root));
  explain(errors, { root, what: 'the pipeline', range: firstLine(root) }, problems);
  const stages = new Map<string, StageDraft>();
  const broken = new Set<string>();
  for (const entry of childMap(root, 'stages')?.entries.values() ?? []) {
    const stage = stageDraft(entry, tools);
    if (stage === undefined) broken.add(entry.key);
    else stages.set(entry.key, stage);
  }
  for (const face of ['with', 'in', 'out', 'limits']) checkNames(childMap(root, face), face, problems);
  const faces = (key: string): MapNode =>
    childMap(root, key) ?? mapNode(root.entries.get(key)?.keyRange ?? EMPTY, []);
  return {
    name: pipelineName(root, file, problems),
    with: faces('with'),
    in: faces('in'),
    out: faces('out'),
    limits: faces('limits'),
    stages,
    broken,
  };
}

function firstLine(root: MapNode): Range {
  const [first] = root.entries.values();
  return first?.keyRange ?? root.range;
}

function pipelineName(root: MapNode, file: string, problems: Problems): string {
  const written = childText(root, 'name');
  if (written !== undefined) return written;
  const stem = basename(file).replace(/\.ya?ml$/i, '');
  if (!isName(stem) && !root.entries.has('name')) {
    problems.error(
      'bad-name',
      firstLine(root),
      `The pipeline has no name, and "${stem}" of its file cannot be one.`,
      {
        hint: 'add name: with letters, digits, - and _',
      },
    );
  }
  return stem;
}

function checkNames(node: MapNode | undefined, face: string, problems: Problems): void {
  for (const { key, keyRange } of node?.entries.values() ?? []) {
    if (!isName(key)) badName(key, keyRange, `a name under ${face}:`, problems);
  }
}

export function badName(name: string, range: Range, what: string, problems: Problems): void {
  problems.error('bad-name', range, `"${name}" cannot be ${what}.`, {
    hint: 'a letter first, then letters, digits, - and _',
  });
}

function stageDraft({ key: name, keyRange, value: node }: Entry, tools: DraftTools): StageDraft | undefined {
  const { problems } = tools;
  if (!isName(name)) badName(name, keyRange, 'the name of a stage', problems);
  else if (RESERVED_NAMES.has(name)) {
    problems.error('reserved-name', keyRange, `No stage can be called "${name}".`, {
      hint: `the words ${[...RESERVED_NAMES].join(', ')} have a meaning of their own`,
    });
  }
  if (node.kind !== 'map') {
    problems.error('wrong-type', node.range, `The stage "${name}" must be a map with uses: or run:.`, {
      hint: `write ${name}: { uses: KIND }`,
    });
    return undefined;
  }
  const later = [...LATER_STAGE_KEYS].filter(([key]) => node.entries.has(key));
  for (const [key, instead] of later) {
    problems.error('not-supported-yet', node.entries.get(key)?.keyRange, `${key}: is not supported yet.`, {
      hint: instead,
    });
  }
  checkStageShape(node, name, keyRange, tools, new Set(later.map(([key]) => key)));
  const form = formOf(node, name, keyRange, problems);
  if (form === undefined) return undefined;
  if (form === 'command') return { name, nameRange: keyRange, node, form, manifest: undefined };
  const manifest = manifestFor(node, tools);
  return manifest === undefined ? undefined : { name, nameRange: keyRange, node, form, manifest };
}

/** Keys and types of a stage, whatever its kind. Text with a placeholder is judged after interpolation. */
export function checkStageShape(
  node: MapNode,
  name: string,
  range: Range,
  tools: DraftTools,
  known: ReadonlySet<string> = new Set(),
): void {
  const errors = checkOf(stageSchema)(mapToJson(node));
  const open = errors.filter((error) => {
    if (known.has(error.params['additionalProperty'])) return false;
    return !(
      typeof error.data === 'string' &&
      error.data.includes('${') &&
      error.keyword !== 'additionalProperties'
    );
  });
  explain(open, { root: node, what: `stage "${name}"`, range }, tools.problems);
}

/** Whether the key is absent but one that is nearly it stands there, which is error enough. */
export function isMisspelt(key: string, node: MapNode, problems: Problems): boolean {
  const known = stageSchema['properties'] as JsonObject;
  const others = [...node.entries.keys()].filter((name) => !Object.hasOwn(known, name));
  return problems.suggest(key, others) !== undefined;
}

function formOf(
  node: MapNode,
  name: string,
  range: Range,
  problems: Problems,
): StageDraft['form'] | undefined {
  const uses = node.entries.get('uses');
  const run = node.entries.get('run');
  if (uses !== undefined && run !== undefined) {
    problems.error('uses-and-run', run.keyRange, `The stage "${name}" has both uses: and run:.`, {
      related: [{ message: 'uses: is here', range: uses.keyRange }],
      hint: 'keep one of them',
    });
    return undefined;
  }
  if (uses === undefined && run === undefined) {
    problems.error('missing-key', range, `The stage "${name}" has neither uses: nor run:.`, {
      hint: 'add uses: KIND, or run: with a command',
    });
    return undefined;
  }
  if (run !== undefined) return 'command';
  for (const key of ['out', 'shell']) {
    const entry = node.entries.get(key);
    if (entry === undefined) continue;
    problems.error('only-for-commands', entry.keyRange, `${key}: belongs to run: stages.`, {
      hint: key === 'out' ? 'the kind says what it writes; delete out:' : 'delete it',
    });
  }
  return 'kind';
}

function manifestFor(node: MapNode, { problems, registry }: DraftTools): Manifest | undefined {
  const entry = node.entries.get('uses') as Entry;
  const kind = childText(node, 'uses');
  if (kind === undefined) return undefined;
  const range = entry.value.range;
  if (/[/\\]|\.ya?ml$/.test(kind)) {
    const what = /\.ya?ml$/.test(kind) ? 'Pipelines as stages are' : 'Kinds from a folder are';
    problems.error('not-supported-yet', range, `${what} not supported yet.`, {
      hint: 'write the stages into this file, or use run: with a command',
    });
    return undefined;
  }
  const names = registry.kindNames().filter((name) => name !== 'command');
  const manifest = kind === 'command' ? undefined : registry.manifestOf(kind);
  if (manifest !== undefined) return manifest;
  const hint =
    kind === 'command'
      ? 'write run: with the command instead of uses:'
      : (problems.suggest(kind, names) ?? `kinds: ${listed(names, 20)}`);
  problems.error('unknown-kind', range, `There is no kind "${kind}".`, { hint });
  return undefined;
}
