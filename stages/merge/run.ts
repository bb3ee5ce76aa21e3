import { writeFile } from 'node:fs/promises';
import { compareCodePoints } from '../../base/canonical.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { samplingStatistics } from '../objectives/sampling-statistics.ts';
import type { Context } from '../protocol/context.ts';
import type { Failure } from '../protocol/failure.ts';
import type { Pair, Ranked, ResponseSource } from '../runtime/record-types.ts';
import { readRecords, readRows, writeRecords } from '../runtime/records.ts';
import type { Params } from './params.generated.ts';
import { rankQueries, type ScoredRow } from './rank.ts';

const included: { readonly [source in ResponseSource]: Params['include'][number] } = {
  sample: 'samples',
  chosen: 'chosen',
  rejected: 'rejected',
};

/** Scored responses to `ranked`, one row a query, and the statistics of their scores. */
export async function run(ctx: Context<Params>): Promise<Result<void, Failure>> {
  const scored = await readScored(ctx.many('scored').map((item) => item.path));
  if (!scored.ok) return scored;
  const pairsPath = ctx.optional('pairs');
  let pairs: readonly Pair[] | null = null;
  if (pairsPath !== undefined) {
    const read = await readRecords(pairsPath, 'pairs');
    if (!read.ok) return read;
    pairs = read.value;
  }
  const rows = scored.value.filter((row) => ctx.with.include.includes(included[row.value.source]));
  if (rows.length === 0) {
    const wanted = ctx.with.include.join(' and ');
    return err({
      code: 'nothing-scored',
      message: `None of the ${scored.value.length} scored responses is among ${wanted}.`,
      hint: 'Score what include names, or change include.',
    });
  }
  const ranked = rankQueries(rows, pairs);
  if (!ranked.ok) return ranked;
  const statistics = describe(ranked.value, ctx.with.std);
  await writeRecords(ctx.output('ranked'), 'ranked', ranked.value);
  await writeFile(ctx.output('metrics'), `${JSON.stringify(statistics, null, 2)}\n`);

  const left = scored.value.length - rows.length;
  ctx.note(
    `${statistics.queries} queries x ${statistics.responses} responses${left > 0 ? `, ${left} scored responses not included` : ''}; ` +
      `${statistics.tied_pairs} of ${statistics.pairs} pairs tie and rank nothing.`,
  );
  return ok(undefined);
}

/** All rows of all files; a score that is not a finite number is `score-not-finite` with its row. */
async function readScored(paths: readonly string[]): Promise<Result<ScoredRow[], Failure>> {
  const all: ScoredRow[] = [];
  for (const file of paths) {
    const read = await readRows(file, 'scored');
    if (!read.ok) return err(read.error.code === 'number-not-finite' ? notFinite(read.error) : read.error);
    for (const row of read.value) all.push({ file, ...row });
  }
  return ok(all);
}

function notFinite(failure: Failure): Failure {
  return {
    ...failure,
    code: 'score-not-finite',
    message: `The score of row ${failure.row} is not a finite number.`,
    hint: 'Correct the scorer: a response without a score cannot be ranked.',
  };
}

/** `metrics.json` of a merge. */
interface Statistics {
  readonly mean: number;
  readonly std: number;
  readonly std_estimator: Params['std'];
  readonly max: number;
  readonly queries: number;
  /** Responses a query. */
  readonly responses: number;
  /** Pairs of responses to one query, and those with equal scores. */
  readonly pairs: number;
  readonly tied_pairs: number;
  /** How often the best response is of each origin; of several best the first counts. */
  readonly best: { readonly [origin: string]: number };
}

function describe(ranked: readonly Ranked[], estimator: Params['std']): Statistics {
  const { mean, std, max, queries } = samplingStatistics(
    ranked.map((row) => row.scores),
    estimator,
  );
  const responses = ranked[0]?.scores.length ?? 0;
  const best: { [origin: string]: number } = {};
  let tied = 0;
  for (const { scores, provenance } of ranked) {
    const origin = provenance[scores.indexOf(Math.max(...scores))]?.sampler ?? '';
    best[origin] = (best[origin] ?? 0) + 1;
    scores.forEach((score, i) => {
      tied += scores.slice(i + 1).filter((other) => other === score).length;
    });
  }
  const pairs = (queries * responses * (responses - 1)) / 2;
  return {
    mean,
    std,
    std_estimator: estimator,
    max,
    queries,
    responses,
    pairs,
    tied_pairs: tied,
    best: sorted(best),
  };
}

function sorted(counts: { readonly [origin: string]: number }): { [origin: string]: number } {
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => compareCodePoints(a, b)));
}
