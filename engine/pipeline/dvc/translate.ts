/** @file A dvc.yaml -> the graph of the stages that it stands for. Imported only for files of that name. */
import { dirname, relative, sep } from 'node:path';
import type { Diagnostic } from '../../../base/diagnostic.ts';
import type { StageId } from '../../../base/ids.ts';
import type { JsonObject } from '../../../base/json.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import { findProject } from '../../project.ts';
import { explain } from '../check/explain.ts';
import { checkOf } from '../check/validator.ts';
import { orderStages } from '../expand/order.ts';
import type { Overrides } from '../expand/overrides.ts';
import { type Command, NO_RESOURCES, type Output, type Stage, type WorkspaceOut } from '../graph.ts';
import type { Loaded } from '../load.ts';
import { byPlace, type Problems, problemsIn } from '../problems.ts';
import type { Reads } from '../reads.ts';
import type { Text } from '../text.ts';
import { parseTree } from '../yaml/parse.ts';
import { childMap, type MapNode, mapToJson } from '../yaml/tree.ts';
import { generate } from './generate.ts';
import { type Linked, link } from './link.ts';
import { writersOf } from './outs.ts';
import { fileShape, foreachShape, stageShape } from './shape.ts';
import { type DvcStage, stageOf } from './stage.ts';
import { type ValueFiles, valueFiles } from './values.ts';
import { addVars, defaultVars } from './vars.ts';

export function translate(
  { text, file, path, folder }: Text,
  overrides: Overrides,
  reads: Reads,
): Result<Loaded, Diagnostic[]> {
  const problems = problemsIn(file, text);
  refuseOverrides(overrides, problems);
  const root = parseTree(text, problems, { anyKeys: true });
  const files = valueFiles(problems, reads);
  const stages =
    root === undefined ? [] : stagesIn(root.kind === 'map' ? root : undefined, path, files, problems);
  const writers = writersOf(stages, findProject(path).root, path, problems);
  const linked = new Map(
    stages.map((stage) => [
      stage,
      // A frozen stage is cut off from what it needs.
      stage.frozen ? { in: {}, with: {}, needs: [] } : link(stage, { problems, files, writers }),
    ]),
  );
  const wrong = (): boolean => problems.errors.length > 0 || files.faults.length > 0;
  const order = wrong() ? undefined : orderOf(linked);
  if (wrong()) return err([...[...problems.errors].sort(byPlace), ...files.faults]);
  const made = new Map(
    [...linked].map(([stage, links]) => {
      const { id, name, range } = stage.generated;
      return [
        id,
        stageWith(stage, links, { id: id as StageId, name, place: problems.placeOf(range) }, folder),
      ];
    }),
  );
  const graph = {
    name: 'dvc',
    leftOut: [],
    limits: {},
    file: path,
    folder,
    with: {},
    stages: (order ?? []).map((id) => made.get(id) as Stage),
    out: {},
  };
  const warnings = [...problems.warnings].sort(byPlace);
  return ok({ graph, warnings, files: reads.files(), looks: reads.looks() });
}

/** Parameters of a DVC pipeline live in its files. */
function refuseOverrides(overrides: Overrides, problems: Problems): void {
  for (const flag of ['with', 'set', 'in'] as const) {
    if (Object.keys(overrides[flag]).length === 0) continue;
    problems.error('not-supported-yet', undefined, `--${flag} does not apply to a dvc.yaml yet.`, {
      hint: 'edit params.yaml',
    });
  }
}

function stagesIn(
  root: MapNode | undefined,
  file: string,
  files: ValueFiles,
  problems: Problems,
): DvcStage[] {
  if (root === undefined) {
    problems.error('wrong-type', [0, 1], 'A dvc.yaml is a map with the key stages.', { hint: 'add stages:' });
    return [];
  }
  explain(checkOf(fileShape)(mapToJson(root)), { root, what: 'the file', range: root.range }, problems);
  const datasets = root.entries.get('datasets');
  if (datasets !== undefined) {
    problems.error('not-supported-yet', datasets.keyRange, 'datasets: are not supported yet.', {
      hint: 'download them in a stage, and depend on the files',
    });
  }
  const tools = { problems, files, reserved: new Set<string>() };
  const usual = defaultVars(dirname(file), root.range, tools);
  const vars = addVars(usual, root.entries.get('vars')?.value, dirname(file), tools);
  const entries = [...(childMap(root, 'stages')?.entries.values() ?? [])];
  if (entries.length === 0 && problems.errors.length === 0) {
    problems.error('no-stages', root.range, 'The file has no stages.', { hint: 'add stages:' });
  }
  return entries.flatMap((entry) => {
    if (entry.value.kind !== 'map' || !hasShape(entry.value, entry.key, entry.keyRange, problems)) return [];
    return generate(entry, vars, problems).flatMap((generated) => {
      const stage = stageOf(generated, file, tools);
      if (stage !== undefined) checkFolder(stage, files, problems);
      return stage ?? [];
    });
  });
}

function hasShape(
  node: MapNode,
  name: string,
  range: readonly [number, number],
  problems: Problems,
): boolean {
  const many = node.entries.has('foreach') || node.entries.has('do');
  const errors = checkOf(many ? foreachShape : stageShape)(mapToJson(node));
  explain(errors, { root: node, what: `stage "${name}"`, range }, problems);
  // DVC's own rule: addresses are `file:name@key`.
  const bad = /[!"#$%&'()*+,./:;<=>?@[\\\]^`{|}~]/.exec(name);
  if (bad !== null) {
    problems.error('bad-name', range, `"${name}" cannot be the name of a stage.`, {
      hint: `take away ${bad[0]}: of the signs only - and _ may stand in it`,
    });
  }
  return errors.length === 0;
}

function checkFolder(
  { folder, generated, frozen }: DvcStage,
  { look }: ValueFiles,
  problems: Problems,
): void {
  const entry = generated.definition.entries.get('wdir');
  if (entry === undefined || frozen) return;
  const found = look(folder);
  if (found === 'folder') return;
  const what = found === 'missing' ? 'does not exist' : 'is no folder';
  problems.error('missing-folder', entry.value.range, `The folder of wdir ${what}.`, {
    hint: `looked for ${folder}`,
    about: folder,
  });
}

function orderOf(linked: ReadonlyMap<DvcStage, Linked>): readonly StageId[] | undefined {
  const ids = [...linked.keys()].map(({ generated }) => ({ id: generated.id as StageId }));
  const needs = new Map([...linked].map(([{ generated }, { needs }]) => [generated.id as StageId, needs]));
  return orderStages(ids, needs);
}

function stageWith(
  stage: DvcStage,
  linked: Linked,
  named: Pick<Stage, 'id' | 'name' | 'place'>,
  base: string,
): Stage {
  const { folder, commands, outs, frozen, always, desc } = stage;
  const out: { [label: string]: Output } = {};
  const places: { [label: string]: WorkspaceOut } = {};
  for (const { label, path, kept, persist } of outs) {
    out[label] = { type: 'file' };
    places[label] = { path, kept, persist };
  }
  // A stage that names nothing is there for its effect: DVC runs it every time.
  const idle = outs.length === 0 && stage.deps.length === 0 && stage.params.length === 0;
  return {
    ...named,
    axes: {},
    kind: 'command',
    with: linked.with as JsonObject,
    in: linked.in,
    out,
    command: commandOf(commands),
    env: {},
    passEnv: [],
    resources: NO_RESOURCES,
    retries: { max: 0, on: [], grow: { memory: 1, time: 1 }, wait: 0, backoff: 1 },
    limits: {},
    hardware: [],
    cache: frozen || !(always || idle),
    ...(desc === undefined ? {} : { desc }),
    folder,
    workspace: {
      from: relative(base, folder).split(sep).join('/'),
      outs: places,
      frozen,
      restorable: outs.length > 0 && outs.every(({ kept, persist }) => kept && !persist),
    },
  };
}

const SHELL = '/bin/sh';

/** Several commands run one after the other, each in a shell of its own, until one fails. */
function commandOf(commands: readonly string[]): Command {
  const [only] = commands;
  const words =
    commands.length === 1 && only !== undefined
      ? [SHELL, '-c', only]
      : [SHELL, '-c', `for c do ${SHELL} -c "$c" || exit; done`, 'sh', ...commands];
  return { form: 'argv', words: words.map((word) => [word]) };
}
