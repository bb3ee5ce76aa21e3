import type { Diagnostic } from '../../base/diagnostic.ts';
import type { StageId } from '../../base/ids.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { Graph } from '../pipeline/graph.ts';

/** The stages that words on the command line name: `rrhf[seed=1]` one instance, `rrhf` all of them. No word: every stage. */
export function selectTargets(graph: Graph, words: readonly string[]): Result<StageId[], Diagnostic[]> {
  if (words.length === 0) return ok(graph.stages.map(({ id }) => id));
  const selected = new Set<StageId>();
  const unknown: Diagnostic[] = [];
  for (const word of words) {
    const found = [...graph.stages, ...graph.leftOut].filter(({ id, name }) => id === word || name === word);
    for (const { id } of found) selected.add(id);
    if (found.length === 0) unknown.push(unknownTarget(graph, word));
  }
  return unknown.length > 0 ? err(unknown) : ok([...selected]);
}

function unknownTarget(graph: Graph, word: string): Diagnostic {
  const names = [...new Set([...graph.stages, ...graph.leftOut].map(({ name }) => name))];
  return {
    code: 'unknown-stage',
    severity: 'error',
    message: `${JSON.stringify(word)} is not a stage of ${graph.name}.`,
    hint: `its stages are ${names.join(', ')}`,
  };
}
