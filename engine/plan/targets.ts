import type { Diagnostic } from '../../base/diagnostic.ts';
import type { StageId } from '../../base/ids.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { Graph } from '../pipeline/graph.ts';
import { matcherOf } from '../pipeline/select.ts';
import { closureOf, indexGraph } from './index.ts';

/** The stages that words on the command line name (engine/pipeline/select.ts). No word: every stage. */
export function selectTargets(graph: Graph, words: readonly string[]): Result<StageId[], Diagnostic[]> {
  if (words.length === 0) return ok(graph.stages.map(({ id }) => id));
  const selected = new Set<StageId>();
  const unknown: Diagnostic[] = [];
  for (const word of words) {
    const means = matcherOf(word);
    const found = [...graph.stages, ...graph.leftOut].filter(({ id }) => means(id));
    for (const { id } of found) selected.add(id);
    if (found.length === 0) unknown.push(unknownTarget(graph, word));
  }
  return unknown.length > 0 ? err(unknown) : ok([...selected]);
}

/**
 * Everything of the targets but what comes after the stages that `words` name. A target that does come after is
 * replaced by the last of what is left of it, so that what is named and can be is still what is asked for.
 */
export function targetsUntil(
  graph: Graph,
  targets: readonly StageId[],
  words: readonly string[],
): Result<StageId[], Diagnostic[]> {
  if (words.length === 0) return ok([...targets]);
  const until = selectTargets(graph, words);
  if (!until.ok) return until;
  const index = indexGraph(graph);
  const after = new Set<StageId>();
  const queue = until.value.flatMap((id) => index.downstream.get(id) ?? []);
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (after.has(id)) continue;
    after.add(id);
    for (const next of index.downstream.get(id) ?? []) queue.push(next);
  }
  const left = targets.filter((id) => !after.has(id));
  if (left.length === targets.length) return ok(left);
  const rest = closureOf(index, targets).filter(({ id }) => !after.has(id));
  const here = new Set(rest.map(({ id }) => id));
  const last = rest.filter(({ id }) => !(index.downstream.get(id) ?? []).some((next) => here.has(next)));
  return ok([...new Set([...left, ...last.map(({ id }) => id)])]);
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
