/** @file Text -> graph: parse, check, expand. Apart from load.ts, so that its libraries are imported only when needed. */
import type { Diagnostic } from '../../base/diagnostic.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { draftOf } from './expand/draft.ts';
import { expand } from './expand/expand.ts';
import type { Overrides } from './expand/overrides.ts';
import type { Loaded } from './load.ts';
import { problemsIn } from './problems.ts';
import type { Reads } from './reads.ts';
import type { Registry } from './registry.ts';
import { parseTree } from './yaml/parse.ts';

export interface Text {
  readonly text: string;
  /** As the user named it, for places. */
  readonly file: string;
  /** Absolute. */
  readonly path: string;
  readonly folder: string;
}

export function understand(
  { text, file, path, folder }: Text,
  overrides: Overrides,
  registry: Registry,
  reads: Reads,
): Result<Loaded, Diagnostic[]> {
  const problems = problemsIn(file, text);
  const root = parseTree(text, problems);
  const tools = { problems, registry, reads };
  const draft = root && draftOf(root, path, tools);
  const graph = draft && expand(draft, overrides, { file: path, folder }, tools);
  if (problems.errors.length > 0) return err([...problems.errors].sort(byPlace));
  if (graph === undefined) throw new Error('Internal error: no graph and no problem');
  const warnings = [...problems.warnings].sort(byPlace);
  return ok({ graph, warnings, files: reads.files(), looks: reads.looks() });
}

/** Problems of the call first, then down the file. */
function byPlace(a: Diagnostic, b: Diagnostic): number {
  return (a.place?.line ?? 0) - (b.place?.line ?? 0) || (a.place?.column ?? 0) - (b.place?.column ?? 0);
}
