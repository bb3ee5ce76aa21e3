import { canonicalJson } from '../../base/canonical.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Because, PlanLabel } from '../event.ts';
import { readLockFile } from '../lock/file.ts';
import type { Graph, Stage } from '../pipeline/graph.ts';
import { manifestOf } from '../pipeline/registry.ts';
import { planRun } from '../plan/asking.ts';
import { type Plan, type PlannedStage, wouldRun } from '../plan/plan.ts';
import { findProject, type Project } from '../project.ts';
import { becauseLine } from '../report/because.ts';
import { type Line, type Span, span, type Tone } from '../report/line.ts';
import { table } from '../report/table.ts';
import { openRunRemote } from '../run/remote.ts';
import type { Where, Wheres } from '../run/where.ts';
import { LOCAL } from '../settings/profiles.ts';
import { answer, type Call, refuse, warn } from './call.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { loadTargets } from './load.ts';
import {
  type CalledSettings,
  type ProfileOption,
  profileWarnings,
  settingsCalled,
} from './project-settings.ts';
import type { OverrideOptions } from './values.ts';
import { whereLines } from './where-lines.ts';

interface PlanOptions extends OverrideOptions, ProfileOption {
  readonly force?: boolean;
  readonly threads?: number;
  readonly check?: boolean;
  /** False for `--no-remote`. */
  readonly remote?: boolean;
  readonly until?: readonly string[];
}

interface PlanDocument {
  readonly schema: 'warren/plan/1';
  readonly pipeline: string;
  readonly file: string;
  /** In run order. */
  readonly stages: readonly (PlannedStage & {
    readonly with: JsonObject;
    /** Of run and maybe: where it would go. */
    readonly where: Where | null;
  })[];
}

const TONES: { readonly [L in PlanLabel]: Tone } = {
  fresh: 'dim',
  restore: 'info',
  run: 'good',
  maybe: 'warn',
  skip: 'dim',
};

/** `plan FILE [STAGE...]`: the run's own decisions; nothing is run. */
export async function plan(
  call: Call,
  file: string,
  stages: readonly string[],
  options: PlanOptions,
): Promise<ExitCode> {
  const loaded = await loadTargets(call, file, stages, options);
  if (!loaded.ok) return loaded.error;
  const { graph, targets } = loaded.value;
  const { force, threads } = options;
  const lock = (await readLockFile(graph.file)).entries;
  const project = findProject(graph.file);
  const called = await settingsCalled(project, options);
  if (!called.ok) return refuse(call, called.error);
  const strays = profileWarnings(called.value, graph);
  if (strays.length > 0 && !call.quiet) warn(call, strays);
  const remote = await openRunRemote(project.cache, called.value.remote);
  remote.listen((event) => {
    if (event.type === 'warning' && !call.quiet) warn(call, [event.diagnostic]);
  });
  const { elsewhere } = remote;
  const settings = { targets, force, threads, lock, elsewhere };
  const planned = await planRun(graph, project, settings);
  remote.close();
  const byId = new Map(graph.stages.map((stage) => [stage.id, stage]));
  const { of: wheres, unanswered } = await wheresOf(planned, graph, project, called.value);
  const document: PlanDocument = {
    schema: 'warren/plan/1',
    pipeline: planned.pipeline,
    file: planned.file,
    stages: planned.stages.map((each) => {
      return { ...each, with: byId.get(each.id)?.with ?? {}, where: wheres.get(each.id) ?? null };
    }),
  };
  answer(call, document, () => (call.quiet ? [] : planLines(planned, graph, wheres)));
  const code = options.check === true && wouldRun(planned) ? EXIT.wouldRun : EXIT.done;
  // What asks a host that does not answer may go on for minutes.
  if (unanswered) process.exit(code);
  return code;
}

/** Milliseconds that a plan may take longer because of hosts that do not answer. */
const PATIENCE = 15_000;

async function wheresOf(
  planned: Plan,
  graph: Graph,
  project: Project,
  { profiles, profile }: CalledSettings,
): Promise<Wheres> {
  const labels = new Map(planned.stages.map(({ id, label }) => [id, label]));
  const stages = graph.stages.filter(({ id }) => ['run', 'maybe'].includes(labels.get(id) ?? ''));
  if (stages.length === 0) return { of: new Map(), unanswered: false };
  // Loaded late: a plan of nothing but fresh stages asks nobody.
  const { whereTo } = await import('../run/where.ts');
  return whereTo(project, { profiles, profile }, stages, PATIENCE);
}

function planLines(planned: Plan, graph: Graph, wheres: Wheres['of']): Line[] {
  const byId = new Map(graph.stages.map((stage) => [stage.id, stage]));
  const away = [...wheres.values()].some(({ profile }) => profile !== LOCAL);
  const rows = planned.stages.map(({ id, label, because, reason: skipped }): Span[] => {
    const stage = byId.get(id);
    const parameters =
      stage === undefined || label === 'fresh' || label === 'restore' ? '' : parametersOf(stage);
    const cells = [span(label, TONES[label]), span(id, 'strong')];
    if (away) cells.push(span(wheres.get(id)?.profile ?? '', 'info'));
    const reason = label === 'maybe' ? conditionOf(because) : (skipped ?? becauseLine(because));
    if (reason !== '' || parameters !== '') cells.push(span(reason));
    if (parameters !== '') cells.push(span(parameters, 'dim'));
    return cells;
  });
  const remarks = whereLines(wheres);
  return [...table(rows), [], countsOf(planned), ...(remarks.length > 0 ? [[], ...remarks] : [])];
}

/**
 * What a `maybe` hangs on: equal bytes from upstream leave it as it is, and so does another stage that does its work,
 * or that nobody needs what was lost of it.
 */
function conditionOf(because: readonly Because[]): string {
  const twin = because.find(({ kind }) => kind === 'twin');
  if (twin?.kind === 'twin') return `if ${twin.stage}, which is the same work, does not run first`;
  const gone = because.find(({ kind }) => kind === 'lost' || kind === 'temp');
  if (gone?.kind === 'lost') return `if its result is needed, which was lost (${gone.detail})`;
  if (gone?.kind === 'temp') return `if its temporary output ${gone.output} is needed again`;
  const upstream = because.flatMap((each) =>
    each.kind === 'upstream' ? [`${each.stage}.${each.output}`] : [],
  );
  return `if ${upstream.join(', ')} ${upstream.length === 1 ? 'changes' : 'change'}`;
}

/** What was set otherwise than the kind's defaults; of a command everything. */
function parametersOf(stage: Stage): string {
  const properties = (manifestOf(stage.kind)?.with['properties'] ?? {}) as {
    readonly [name: string]: JsonObject;
  };
  return Object.entries(stage.with)
    .filter(([name, value]) => {
      const fallback = properties[name]?.['default'];
      return fallback === undefined || canonicalJson(fallback) !== canonicalJson(value);
    })
    .map(([name, value]) => `${name}=${shortened(typeof value === 'string' ? value : JSON.stringify(value))}`)
    .join(' ');
}

const MOST_SHOWN = 32;

function shortened(text: string): string {
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}

function countsOf(planned: Plan): Line {
  const counts = (Object.keys(TONES) as PlanLabel[]).map((label) => ({
    label,
    count: planned.stages.filter((stage) => stage.label === label).length,
  }));
  const shown = counts.filter(({ count }) => count > 0);
  return shown.flatMap(({ label, count }, at) => [
    span(`${at > 0 ? ', ' : ''}${count} ${label}`, TONES[label]),
  ]);
}
