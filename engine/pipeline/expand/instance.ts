/** @file One combination of a stage's matrix, with every value in place; inputs are bound later, when all stages are known. */
import type { StageId } from '../../../base/ids.ts';
import type { JsonObject } from '../../../base/json.ts';
import { explain } from '../check/explain.ts';
import { checkOf } from '../check/validator.ts';
import type { Stage } from '../graph.ts';
import { axesText, scalarText } from '../names.ts';
import type { Problems } from '../problems.ts';
import { childText, type MapNode, type Node, type Range, toJson } from '../yaml/tree.ts';
import { buildCommand } from './command.ts';
import { checkStageShape, type DraftTools, isMisspelt, type StageDraft } from './draft.ts';
import { hardwareOf } from './hardware.ts';
import { interpolateMap, type Scope } from './interpolate.ts';
import { limitsOf } from './limits.ts';
import type { Combination } from './matrix.ts';
import { checkDistinct, type Outputs, outputsOf } from './outputs.ts';
import { resourcesOf } from './resources.ts';
import { retriesOf } from './retries.ts';
import { whenOf } from './when.ts';

export interface Instance {
  readonly id: StageId;
  readonly draft: StageDraft;
  readonly axes: Combination;
  /** The stage's map after interpolation. */
  readonly node: MapNode;
  readonly out: Outputs;
  /** Why its `when:` leaves it out; undefined where it takes part. */
  readonly leftOut: string | undefined;
  /** Everything of the stage but its inputs. */
  readonly stage: Omit<Stage, 'in'>;
}

/** Their placeholders do not mean values: the command's are words, the matrix was read before. */
const OWN_SYNTAX: ReadonlySet<string> = new Set(['run', 'matrix', 'uses', 'when']);

export function instanceOf(draft: StageDraft, axes: Combination, scope: Scope, tools: DraftTools): Instance {
  const { problems } = tools;
  const inner: Scope = { ...scope, matrix: new Map([...axes].map(([name, value]) => [name, value.node])) };
  const hasMatrix = axes.size > 0;
  const here = hasMatrix ? inner : { ...scope, matrix: undefined };
  const node = interpolateMap(draft.node, here, OWN_SYNTAX);
  const id = idOf(draft.name, axes);
  if (node !== draft.node) checkStageShape(node, draft.name, draft.nameRange, tools);
  const out = outputsOf(draft, node, problems);
  const parameters = draft.manifest === undefined ? plainWith(node) : checkedWith(draft, node, id, tools);
  const built = draft.form === 'command' ? commandOf(draft, node, here) : undefined;
  const inputs = node.entries.get('in')?.value;
  if (draft.form === 'command' && inputs?.kind === 'map') checkDistinct(inputs, 'in', problems);
  const desc = childText(node, 'desc');
  const resources = resourcesOf(node, problems);
  const stage: Omit<Stage, 'in'> = {
    id,
    name: draft.name,
    axes: Object.fromEntries([...axes].map(([name, value]) => [name, value.json])),
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
    cache: flag(node, 'cache') ?? true,
    ...(desc === undefined ? {} : { desc }),
    place: problems.placeOf(draft.nameRange),
  };
  const leftOut = whenOf(node.entries.get('when')?.value, here);
  return { id, draft, axes, node, out, leftOut, stage };
}

function idOf(name: string, axes: Combination): StageId {
  if (axes.size === 0) return name as StageId;
  return `${name}[${axesText([...axes].map(([axis, value]) => [axis, value.label]))}]` as StageId;
}

function plainWith(node: MapNode): JsonObject {
  const value = node.entries.get('with')?.value;
  return value?.kind === 'map' ? (toJson(value) as JsonObject) : {};
}

/** The parameters after the kind's defaults, checked against its own schema. */
function checkedWith(draft: StageDraft, node: MapNode, id: StageId, { problems }: DraftTools): JsonObject {
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

function commandOf(draft: StageDraft, node: MapNode, scope: Scope): ReturnType<typeof buildCommand> {
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
