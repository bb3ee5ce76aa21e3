/** @file Scored responses to ranked queries (RRHF's `make_data.py`, in an order that no folder listing decides). */
import { compareCodePoints } from '../../base/canonical.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { Failure } from '../protocol/failure.ts';
import type { Pair, Provenance, Ranked, ResponseSource, Scored } from '../runtime/record-types.ts';

/** A scored response and where it stands. */
export interface ScoredRow {
  readonly file: string;
  readonly row: number;
  readonly value: Scored;
}

const places: { readonly [source in ResponseSource]: number } = { sample: 0, chosen: 1, rejected: 2 };

/** Samples by sampler and index, then chosen, then rejected. */
function compare(a: Provenance, b: Provenance): number {
  if (a.source !== b.source) return places[a.source] - places[b.source];
  return compareCodePoints(a.sampler, b.sampler) || a.index - b.index;
}

/**
 * One ranked row a query, all with the same number of responses. `pairs` gives the queries and their order; without it they come
 * in the order of their first response. Fails with `duplicate-response`, `prompt-mismatch`, `unknown-query`, `unscored-query` or `ragged-query`.
 */
export function rankQueries(
  rows: readonly ScoredRow[],
  pairs: readonly Pair[] | null,
): Result<Ranked[], Failure> {
  const queries = new Map<string, { prompt: string; rows: ScoredRow[] }>();
  for (const pair of pairs ?? []) queries.set(pair.id, { prompt: pair.prompt, rows: [] });
  const seen = new Map<string, ScoredRow>();
  for (const row of rows) {
    const { id, prompt, source, sampler, index } = row.value;
    const identity = JSON.stringify([id, source, sampler, index]);
    const first = seen.get(identity);
    if (first) return err(duplicate(row, first));
    seen.set(identity, row);
    const query = queries.get(id);
    if (query === undefined) {
      if (pairs !== null) return err(unknown(row));
      queries.set(id, { prompt, rows: [row] });
    } else if (query.prompt !== prompt) return err(mismatch(row));
    else query.rows.push(row);
  }
  return rankAll(queries);
}

function rankAll(
  queries: ReadonlyMap<string, { prompt: string; rows: ScoredRow[] }>,
): Result<Ranked[], Failure> {
  const ranked: Ranked[] = [];
  let shape: { id: string; text: string } | null = null;
  for (const [id, { prompt, rows }] of queries) {
    if (rows.length === 0) return err(unscored(id));
    const sorted = rows.map((row) => row.value).toSorted(compare);
    const text = shapeOf(sorted);
    shape ??= { id, text };
    if (text !== shape.text) return err(ragged(id, text, shape));
    ranked.push({
      id,
      query: prompt,
      responses: sorted.map((row) => row.response),
      scores: sorted.map((row) => row.score),
      provenance: sorted.map(({ source, sampler, index, finish }) => ({ source, sampler, index, finish })),
    });
  }
  return ok(ranked);
}

/** "4 of sft, 1 chosen": what every query must have alike. */
function shapeOf(rows: readonly Provenance[]): string {
  const counts = new Map<string, number>();
  for (const { source, sampler } of rows) {
    const name = source === 'sample' ? `of ${sampler}` : source;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => `${count} ${name}`).join(', ');
}

function duplicate({ file, row, value }: ScoredRow, first: ScoredRow): Failure {
  return {
    code: 'duplicate-response',
    message: `Response ${value.index} of ${value.sampler} to query ${value.id} is there twice, first in row ${first.row}.`,
    hint: 'Give each score stage once, and each sampler a label of its own.',
    file,
    row,
  };
}

function unknown({ file, row, value }: ScoredRow): Failure {
  return {
    code: 'unknown-query',
    message: `Query ${value.id} is scored but is not in pairs.`,
    hint: 'Sample and score the same records that pairs gives.',
    file,
    row,
  };
}

function mismatch({ file, row, value }: ScoredRow): Failure {
  return {
    code: 'prompt-mismatch',
    message: `Query ${value.id} has two different prompts.`,
    hint: 'Ids must name one prompt: take samples and pairs from one data stage.',
    file,
    row,
  };
}

function unscored(id: string): Failure {
  return {
    code: 'unscored-query',
    message: `Query ${id} of pairs has no scored response.`,
    hint: 'Sample and score the same records that pairs gives.',
  };
}

function ragged(id: string, text: string, shape: { readonly id: string; readonly text: string }): Failure {
  return {
    code: 'ragged-query',
    message: `Query ${id} has ${text}; query ${shape.id} has ${shape.text}.`,
    hint: 'Every query needs the same responses: sample them all with the same settings.',
  };
}
