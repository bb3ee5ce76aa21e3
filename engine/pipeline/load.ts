/** @file A pipeline file -> a checked, expanded graph, or everything that is wrong with it. */
import { dirname, resolve } from 'node:path';
import type { Diagnostic } from '../../base/diagnostic.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { Guard } from '../../cache/guards.ts';
import type { Overrides } from './expand/overrides.ts';
import type { Graph } from './graph.ts';
import { type Look, type Reads, startReads } from './reads.ts';
import { builtinKinds, type Registry } from './registry.ts';

export type { Overrides } from './expand/overrides.ts';

export interface Loaded {
  readonly graph: Graph;
  readonly warnings: readonly Diagnostic[];
  /** The files that the graph came from, the pipeline file first, and what else on disk it was checked against. */
  readonly files: readonly Guard[];
  readonly looks: readonly Look[];
}

/** Loads `file` (relative to `overrides.cwd`). Diagnostics come in the order of the file and name it as it was given. */
export async function loadPipeline(
  file: string,
  overrides: Overrides,
  registry: Registry = builtinKinds,
): Promise<Result<Loaded, Diagnostic[]>> {
  const path = resolve(overrides.cwd, file);
  const reads = startReads();
  const text = readText(path, file, reads);
  if (!text.ok) return err([text.error]);
  // The parser and the validator cost more than many a run that has nothing to do.
  const { understand } = await import('./understand.ts');
  const written = { text: text.value, file, path, folder: dirname(path) };
  return understand(written, overrides, registry, reads);
}

/** UTF-8, without its mark. */
function readText(path: string, shown: string, reads: Reads): Result<string, Diagnostic> {
  let bytes: Buffer;
  try {
    bytes = reads.bytes(path);
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
