/** @file The pipeline as written: its faces and its stages, checked for shape and names, not yet expanded. */
import { basename } from 'node:path';
import type { JsonObject } from '../../../base/json.ts';
import type { Manifest } from '../../../stages/protocol/manifest.ts';
import { explain } from '../check/explain.ts';
import { checkOf } from '../check/validator.ts';
import { pipelineSchema, stageSchema } from '../format.ts';
import { isName, RESERVED_NAMES } from '../names.ts';
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
import { withParameters } from './parameters.ts';
import { useOf } from './uses.ts';

interface StageHead {
  readonly name: string;
  readonly nameRange: Range;
  readonly node: MapNode;
}
/** A stage that runs. */
export interface TaskDraft extends StageHead {
  readonly form: 'kind' | 'command';
  /** Of a `uses:` stage. */
  readonly manifest: Manifest | undefined;
}
/** A pipeline as a stage: expanded in place. */
export interface NestedDraft extends StageHead {
  readonly form: 'pipeline';
  readonly child: Understood;
}
export type StageDraft = TaskDraft | NestedDraft;

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
  /** Of the file at hand. */
  readonly problems: Problems;
  readonly registry: Registry;
  readonly reads: Reads;
  /** What a file of parameters that this file names declares, shown at `range`; empty after an error. */
  parameters(path: string, range: Range): readonly Entry[];
  /** The pipeline that a stage of this file names; undefined after an error in it or on the way to it. */
  child(path: string, range: Range): Understood | undefined;
}

/** A pipeline file as read. One that is used many times is read once. */
export interface Written {
  /** As the user named it, or as its parent does. */
  readonly file: string;
  /** Absolute. */
  readonly path: string;
  readonly folder: string;
  readonly tools: DraftTools;
  readonly draft: Draft | undefined;
  /** What anything in it uses of its own faces, wherever it is put. */
  readonly used: { readonly with: Set<string>; readonly in: Set<string> };
}
export type Understood = Written & { readonly draft: Draft };

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
    with: withParameters(faces('with'), tools),
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
  checkStageShape(node, name, keyRange, tools);
  const used = useOf(node, name, keyRange, tools);
  return used && { name, nameRange: keyRange, node, ...used };
}

/** Keys and types of a stage, whatever its kind. Text with a placeholder is judged after interpolation. */
export function checkStageShape(node: MapNode, name: string, range: Range, tools: DraftTools): void {
  const errors = checkOf(stageSchema)(mapToJson(node));
  const open = errors.filter((error) => {
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
