/** @file A pipeline file -> a checked, expanded graph, or everything that is wrong with it. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Diagnostic } from '../../base/diagnostic.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { Overrides } from './expand/overrides.ts';
import type { Graph } from './graph.ts';
import { builtinKinds, type Registry } from './registry.ts';

export type { Overrides } from './expand/overrides.ts';

export interface Loaded {
  readonly graph: Graph;
  readonly warnings: readonly Diagnostic[];
  /** As read, for code frames. */
  readonly text: string;
}

/** Loads `file` (relative to `overrides.cwd`). Diagnostics come in the order of the file and name it as it was given. */
export async function loadPipeline(
  file: string,
  overrides: Overrides,
  registry: Registry = builtinKinds,
): Promise<Result<Loaded, Diagnostic[]>> {
  const path = resolve(overrides.cwd, file);
  const text = readText(path, file);
  if (!text.ok) return err([text.error]);
  // The parser and the validator cost more than many a run that has nothing to do.
  const { understand } = await import('./understand.ts');
  return understand({ text: text.value, file, path, folder: dirname(path) }, overrides, registry);
}

/** UTF-8, without its mark. */
function readText(path: string, shown: string): Result<string, Diagnostic> {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const message =
      code === 'ENOENT' ? `There is no file "${shown}".` : `"${shown}" cannot be read (${code}).`;
    return err({ code: 'missing-pipeline', severity: 'error', message, hint: `looked for ${path}` });
  }
  try {
    return ok(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    const message = `"${shown}" is not UTF-8 text.`;
    return err({ code: 'not-utf8', severity: 'error', message, hint: 'save it as UTF-8' });
  }
}
