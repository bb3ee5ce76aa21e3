/** @file Text -> graph: parse, check, expand. Apart from load.ts, so that its libraries are imported only when needed. */
import type { Diagnostic } from '../../base/diagnostic.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { expand } from './expand/expand.ts';
import type { Overrides } from './expand/overrides.ts';
import { readLibrary } from './library.ts';
import type { Loaded } from './load.ts';
import { byPlace } from './problems.ts';
import type { Reads } from './reads.ts';
import type { Registry } from './registry.ts';
import type { Text } from './text.ts';

export function understand(
  text: Text,
  overrides: Overrides,
  registry: Registry,
  reads: Reads,
): Result<Loaded, Diagnostic[]> {
  const { main, all, parameters } = readLibrary(text, registry, reads);
  const graph = expand(main, all, overrides);
  const told = [...all.map(({ tools: { problems } }) => problems), ...parameters];
  const errors = told.flatMap((each) => [...each.errors].sort(byPlace));
  if (errors.length > 0) return err(errors);
  if (graph === undefined) throw new Error('Internal error: no graph and no problem');
  const warnings = told.flatMap((each) => [...each.warnings].sort(byPlace));
  return ok({ graph, warnings, files: reads.files(), looks: reads.looks() });
}
