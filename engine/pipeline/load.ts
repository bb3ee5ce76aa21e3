/** @file A pipeline file -> a checked, expanded graph, or everything that is wrong with it. */
import { basename, resolve } from 'node:path';
import type { Diagnostic } from '../../base/diagnostic.ts';
import { err, type Result } from '../../base/result.ts';
import type { Guard } from '../../cache/guards.ts';
import type { Overrides } from './expand/overrides.ts';
import type { Graph } from './graph.ts';
import { type Look, startReads } from './reads.ts';
import { builtinKinds, type Registry } from './registry.ts';
import { readText } from './text.ts';

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
  if (basename(path) === 'dvc.yaml') {
    const { translate } = await import('./dvc/translate.ts');
    return translate(text.value, overrides, reads);
  }
  // The parser and the validator cost more than many a run that has nothing to do.
  const { understand } = await import('./understand.ts');
  return understand(text.value, overrides, registry, reads);
}
