import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { StageId } from '../../base/ids.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { buildName } from '../build.ts';
import { plansIn } from '../pipeline/compiled/plans.ts';
import { type Loaded, loadPipeline } from '../pipeline/load.ts';
import { selectTargets, targetsUntil } from '../plan/targets.ts';
import { findProject } from '../project.ts';
import { type Call, refuse, warn } from './call.ts';
import type { ExitCode } from './exit.ts';
import { type OverrideOptions, parseOverrides } from './values.ts';

/** Loads a pipeline with the call's overrides. Errors are printed and become the exit code; warnings are printed. */
export async function load(
  call: Call,
  file: string,
  options: OverrideOptions,
): Promise<Result<Loaded, ExitCode>> {
  const loaded = await read(call, file, options);
  if (!loaded.ok) return err(refuse(call, loaded.error));
  if (!call.quiet) warn(call, loaded.value.warnings);
  return ok(loaded.value);
}

/** `FILE [STAGE...]` of a command: the pipeline, and the stages that are meant: without a word all of them. */
export async function loadTargets(
  call: Call,
  file: string,
  stages: readonly string[],
  options: OverrideOptions & { readonly until?: readonly string[] },
): Promise<Result<Loaded & { readonly targets: readonly StageId[] }, ExitCode>> {
  const loaded = await load(call, file, options);
  if (!loaded.ok) return loaded;
  const { graph } = loaded.value;
  const named = selectTargets(graph, stages);
  const targets = named.ok ? targetsUntil(graph, named.value, options.until ?? []) : named;
  return targets.ok ? ok({ ...loaded.value, targets: targets.value }) : err(refuse(call, targets.error));
}

/** Answers from the compiled plan where there is one, and leaves one where the project has a state folder already. */
export async function read(
  { cwd }: Call,
  file: string,
  options: OverrideOptions,
): Promise<Result<Loaded, readonly Diagnostic[]>> {
  const path = resolve(cwd, file);
  const { home } = findProject(path);
  const build = existsSync(home) ? buildName() : undefined;
  const plans = build === undefined ? undefined : plansIn(home, build);
  const { with: parameters = [], set = [], in: inputs = [] } = options;
  const asked = { path, file, cwd, overrides: { with: parameters, set, in: inputs } };
  const known = plans?.find(asked);
  if (known !== undefined) return ok(known);
  const overrides = await parseOverrides(options, cwd);
  if (!overrides.ok) return overrides;
  const loaded = await loadPipeline(file, overrides.value);
  if (loaded.ok) plans?.keep(asked, loaded.value);
  return loaded;
}
