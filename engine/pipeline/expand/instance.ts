/** @file One combination of a stage's matrix, with every value in place; inputs are bound later, when all stages are known. */
import type { StageId } from '../../../base/ids.ts';
import type { JsonObject } from '../../../base/json.ts';
import { explain } from '../check/explain.ts';
import { checkOf } from '../check/validator.ts';
import type { Stage, Within } from '../graph.ts';
import { axesText, scalarText } from '../names.ts';
import type { Problems } from '../problems.ts';
import { childText, type MapNode, type Node, type Range, toJson } from '../yaml/tree.ts';
import type { Bound } from './binder.ts';
import { buildCommand } from './command.ts';
import { containerOf } from './container.ts';
import {
  checkStageShape,
  type DraftTools,
  isMisspelt,
  type NestedDraft,
  type StageDraft,
  type TaskDraft,
} from './draft.ts';
import { hardwareOf } from './hardware.ts';
import { interpolateMap, type Scope } from './interpolate.ts';
import { limitsOf } from './limits.ts';
import type { Combination } from './matrix.ts';
import { checkDistinct, type Outputs, outputsOf } from './outputs.ts';
import { resourcesOf } from './resources.ts';
import { retriesOf } from './retries.ts';
import { whenOf } from './when.ts';

interface InstanceHead {
  readonly id: StageId;
  /** Its id in its own file: what a reference there may say. */
  readonly local: string;
  readonly axes: Combination;
  /** The stage's map after interpolation. */
  readonly node: MapNode;
}
/** One that runs. */
export interface Task extends InstanceHead {
  readonly form: 'task';
  readonly draft: TaskDraft;
  readonly out: Outputs;
  /** Why its `when:` leaves it out; undefined where it takes part. */
  readonly leftOut: string | undefined;
  /** Everything of the stage but its inputs. */
  readonly stage: Omit<Stage, 'in'>;
}
/** One that is a pipeline: what it gives comes from stages of its own. */
export interface Nested extends InstanceHead {
  readonly form: 'pipeline';
  readonly draft: NestedDraft;
  output(name: string): Bound;
}
export type Instance = Task | Nested;

/** Where the pipeline of a stage stands in the whole. */
export interface Position {
  /** `beaver[round=2]/`; empty at the top. */
  readonly ids: string;
  /** `beaver/` */
  readonly names: string;
  readonly within: readonly Within[];
  /** Where commands run; undefined at the top. */
  readonly folder: string | undefined;
  /** Why all of it takes no part. */
  readonly leftOut: string | undefined;
}

/** Their placeholders do not mean values: the command's are words, the others are read before. */
const OWN_SYNTAX: ReadonlySet<string> = new Set(['run', 'matrix', 'uses', 'when', 'rounds', 'carry']);

/** A stage with the values of one combination in place. */
export function headOf(
  draft: StageDraft,
  axes: Combination,
  scope: Scope,
  tools: DraftTools,
  position: Position,
): InstanceHead & { readonly scope: Scope } {
  const matrix = axes.size > 0 ? new Map([...axes].map(([name, value]) => [name, value.node])) : undefined;
  const here: Scope = { ...scope, matrix };
  const node = interpolateMap(draft.node, here, OWN_SYNTAX);
  if (node !== draft.node) checkStageShape(node, draft.name, draft.nameRange, tools);
  const local = localId(draft.name, axes);
  return { id: `${position.ids}${local}` as StageId, local, axes, node, scope: here };
}

export function taskOf(
  draft: TaskDraft,
  axes: Combination,
  scope: Scope,
  tools: DraftTools,
  position: Position,
): Task {
  const { problems } = tools;
  const { id, local, node, scope: here } = headOf(draft, axes, scope, tools, position);
  const out = outputsOf(draft, node, problems);
  const parameters = draft.manifest === undefined ? plainWith(node) : checkedWith(draft, node, local, tools);
  const built = draft.form === 'command' ? commandOf(draft, node, here) : undefined;
  const inputs = node.entries.get('in')?.value;
  if (draft.form === 'command' && inputs?.kind === 'map') checkDistinct(inputs, 'in', problems);
  const desc = childText(node, 'desc');
  const resources = resourcesOf(node, problems);
  const container = containerOf(node, problems);
  const { within, folder } = position;
  const stage: Omit<Stage, 'in'> = {
    id,
    name: `${position.names}${draft.name}`,
    ...(within.length === 0 ? {} : { within }),
    axes: valuesOf(axes),
    kind: draft.manifest?.kind ?? 'command',
    with: { ...parameters, ...built?.values },
    out,
    ...(built === undefined ? {} : { command: built.command }),
    env: envOf(node, problems),
    passEnv: passEnvOf(node, problems),
    resources,
    retries: retriesOf(node, resources, problems),
    limits: limitsOf(node, scope.limits, problems),
    hardware: hardwareOf(node, problems),
    ...(container === undefined ? {} : { container }),
    cache: flag(node, 'cache') ?? true,
    ...(desc === undefined ? {} : { desc }),
    place: problems.placeOf(draft.nameRange),
    ...(folder === undefined ? {} : { folder }),
  };
  const leftOut = position.leftOut ?? whenOf(node.entries.get('when')?.value, here);
  return { form: 'task', id, local, draft, axes, node, out, leftOut, stage };
}

/** The axes' values as data. */
export function valuesOf(axes: Combination): JsonObject {
  return Object.fromEntries([...axes].map(([name, value]) => [name, value.json]));
}

function localId(name: string, axes: Combination): string {
  if (axes.size === 0) return name;
  return `${name}[${axesText([...axes].map(([axis, value]) => [axis, value.label]))}]`;
}

function plainWith(node: MapNode): JsonObject {
  const value = node.entries.get('with')?.value;
  return value?.kind === 'map' ? (toJson(value) as JsonObject) : {};
}

/** The parameters after the kind's defaults, checked against its own schema. */
function checkedWith(draft: TaskDraft, node: MapNode, id: string, { problems }: DraftTools): JsonObject {
  const schema = draft.manifest?.with ?? {};
  const entry = node.entries.get('with');
  // A `with` of another type was refused with the stage's shape.
  if (entry !== undefined && entry.value.kind !== 'map') return {};
  const value = plainWith(node);
  if (entry === undefined && isMisspelt('with', node, problems)) return value;
  const errors = checkOf(schema)(value);
  const range = entry?.keyRange ?? draft.nameRange;
  explain(errors, { root: entry?.value, what: `stage "${id}"`, path: 'with', range }, problems);
  return value;
}

function commandOf(draft: TaskDraft, node: MapNode, scope: Scope): ReturnType<typeof buildCommand> {
  const run = node.entries.get('run') as { readonly value: Node; readonly keyRange: Range };
  const shell = node.entries.get('shell');
  if (shell !== undefined && run.value.kind === 'list') {
    scope.problems.error(
      'only-for-commands',
      shell.keyRange,
      'shell: belongs to a run: that is text; a list runs without a shell.',
      {
        hint: `delete shell:, or write the command of "${draft.name}" as text`,
      },
    );
  }
  return buildCommand(run.value, { scope, stage: node });
}

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

function envOf(node: MapNode, problems: Problems): { readonly [name: string]: string } {
  const map = node.entries.get('env')?.value;
  if (map?.kind !== 'map') return {};
  const env: { [name: string]: string } = {};
  for (const { key, keyRange, value } of map.entries.values()) {
    if (!VARIABLE.test(key)) {
      problems.error('bad-name', keyRange, `"${key}" cannot be the name of a variable.`, {
        hint: 'letters, digits and _, no digit first',
      });
    } else if (key.startsWith('WARREN_')) {
      problems.error('reserved-name', keyRange, `Variables that begin with WARREN_ are set by the engine.`, {
        hint: 'choose another name',
      });
    }
    if (value.kind === 'scalar' && value.value !== null) env[key] = scalarText(value.value);
  }
  return env;
}

function passEnvOf(node: MapNode, problems: Problems): readonly string[] {
  const list = node.entries.get('pass_env')?.value;
  if (list?.kind !== 'list') return [];
  const hashed = node.entries.get('env')?.value;
  const names: string[] = [];
  for (const item of list.items) {
    if (item.kind !== 'scalar' || typeof item.value !== 'string') continue;
    names.push(item.value);
    const twice = hashed?.kind === 'map' ? hashed.entries.get(item.value) : undefined;
    if (twice === undefined) continue;
    problems.error('duplicate-key', item.range, `"${item.value}" is in env: and in pass_env:.`, {
      related: [{ message: 'env: has it here', range: twice.keyRange }],
      hint: 'keep one: env: is hashed, pass_env: is secret',
    });
  }
  return names;
}

function flag(node: MapNode, key: string): boolean | undefined {
  const value = node.entries.get(key)?.value;
  return value?.kind === 'scalar' && typeof value.value === 'boolean' ? value.value : undefined;
}
