import { err, ok, type Result } from '../../base/result.ts';
import { type Loaded, loadPipeline } from '../pipeline/load.ts';
import { type Call, refuse, warn } from './call.ts';
import type { ExitCode } from './exit.ts';
import { type OverrideOptions, parseOverrides } from './values.ts';

/** Loads a pipeline with the call's overrides. Errors are printed and become the exit code; warnings are printed. */
export async function load(
  call: Call,
  file: string,
  options: OverrideOptions,
): Promise<Result<Loaded, ExitCode>> {
  const overrides = await parseOverrides(options, call.cwd);
  if (!overrides.ok) return err(refuse(call, overrides.error));
  const loaded = await loadPipeline(file, overrides.value);
  if (!loaded.ok) return err(refuse(call, loaded.error));
  if (!call.quiet) warn(call, loaded.value.warnings);
  return ok(loaded.value);
}
