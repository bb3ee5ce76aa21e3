import type { Diagnostic } from '../../base/diagnostic.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Event } from '../event.ts';
import type { LockFault } from '../lock/outdated.ts';
import { findProject } from '../project.ts';
import { chooseReporter } from '../report/choose.ts';
import { outLines } from '../report/ending.ts';
import { Tally } from '../report/tally.ts';
import { requestOf } from '../run/request.ts';
import { EXIT_CODES, type RunResult } from '../run/result.ts';
import { runPipeline } from '../run/run.ts';
import { type Call, refuse, refuseCall, sourcesOf, warn, writeLines } from './call.ts';
import type { ExitCode } from './exit.ts';
import { watchInterrupts } from './interrupts.ts';
import { loadTargets } from './load.ts';
import { type ProfileOption, profileWarnings, settingsCalled } from './project-settings.ts';
import type { OverrideOptions } from './values.ts';

export interface RunOptions extends OverrideOptions, ProfileOption {
  readonly jobs?: number;
  readonly keepGoing?: boolean;
  readonly force?: boolean;
  readonly frozen?: boolean;
  readonly threads?: number;
  readonly until?: readonly string[];
  readonly checkpointEvery?: number;
  readonly detach?: boolean;
  /** False for `--no-remote`. */
  readonly remote?: boolean;
}

/** The document of `run --json`: the engine's answer and what a person would have been told. */
interface RunDocument extends RunResult {
  readonly notes: readonly { readonly stage: string; readonly text: string }[];
  readonly warnings: readonly Diagnostic[];
}

/** `run FILE [STAGE...]` */
export async function run(
  call: Call,
  file: string,
  stages: readonly string[],
  options: RunOptions,
): Promise<ExitCode> {
  if (options.detach) {
    const { detach } = await import('./detach.ts');
    return detach(call, file, options);
  }
  const loaded = await loadTargets(call, file, stages, options);
  if (!loaded.ok) return loaded.error;
  const { graph, targets, files, looks } = loaded.value;
  const project = findProject(graph.file);
  const called = await settingsCalled(project, options);
  if (!called.ok) return refuse(call, called.error);
  const { remote, profiles, profile } = called.value;
  const strays = profileWarnings(called.value, graph);
  if (strays.length > 0 && !call.quiet) warn(call, strays);
  const warnings = [...loaded.value.warnings, ...strays];
  const { json, quiet, color, cwd } = call;
  const { stdout, stderr, env } = process;
  const reporter = chooseReporter({ json, quiet, color, sources: sourcesOf(cwd), stdout, stderr, env });
  const tally = new Tally();
  const emit = (event: Event): void => {
    tally.add(event);
    reporter.event(event);
  };
  const asked = requestOf(call.args, cwd);
  const request = asked === undefined ? undefined : { ...asked, files, looks, warnings };
  const overrides = overridesOf(options);
  const { stop, kill, release } = watchInterrupts(emit);
  const { jobs, keepGoing, force, frozen, threads, checkpointEvery } = options;
  const settings = {
    targets,
    jobs,
    keepGoing,
    force,
    frozen,
    threads,
    checkpointSeconds: checkpointEvery,
    stop,
    kill,
    overrides,
    files: Object.fromEntries(loaded.value.files.map(({ path, digest }) => [path, digest])),
    request,
    remote,
    profiles,
    profile,
  };
  let result: RunResult;
  try {
    result = await runPipeline(graph, project, settings, emit);
  } finally {
    release();
    reporter.close();
  }
  if (json) process.stdout.write(`${JSON.stringify(documentOf(result, tally))}\n`);
  else if (result.outcome === 'refused') refuseFrozen(call, result);
  else if (result.outcome === 'done' && !quiet)
    writeLines(stdout, call, outLines(result.out, sourcesOf(cwd).show));
  return EXIT_CODES[result.outcome] as ExitCode;
}

/** What the call changed, as it was written: for the journal. */
function overridesOf({
  with: parameters = [],
  set = [],
  in: inputs = [],
  until = [],
  profile,
}: RunOptions): JsonObject {
  return { with: parameters, set, in: inputs, until, profile: profile === undefined ? [] : [profile] };
}

function documentOf(result: RunResult, tally: Tally): RunDocument {
  return {
    ...result,
    notes: tally.notes.map(({ stage, text }) => ({ stage, text })),
    warnings: tally.warnings.map(({ diagnostic }) => diagnostic),
  };
}

const FAULTS: { readonly [F in LockFault['fault']]: string } = {
  missing: 'is missing in it',
  'other-key': 'has another key',
  'other-output': 'has another result',
};

function lockFault({ stage, fault }: LockFault): string {
  return `${stage} ${FAULTS[fault]}`;
}

function refuseFrozen(call: Call, result: RunResult): void {
  const { lock = [] } = result;
  const stages = result.stages
    .filter(({ action, reason }) => action === 'skipped' && reason === undefined)
    .map(({ id }) => id);
  if (stages.length === 0) {
    const message = `With --frozen the lock file has to name every result, but ${lock.map(lockFault).join(', ')}.`;
    refuseCall(call, 'lock-outdated', message, 'a complete run without --frozen writes it');
    return;
  }
  const message = `With --frozen nothing runs, but these stages would or may run: ${stages.join(', ')}.`;
  refuseCall(call, 'would-run', message, 'warren plan FILE says why');
}
