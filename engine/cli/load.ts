import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Diagnostic } from '../../base/diagnostic.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { buildName } from '../build.ts';
import { plansIn } from '../pipeline/compiled/plans.ts';
import { type Loaded, loadPipeline } from '../pipeline/load.ts';
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
