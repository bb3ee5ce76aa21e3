/** @file What the judges and the perplexity model say of the entries, and which sample of each pool the judge keeps. */
import { err, ok, type Result } from '../../base/result.ts';
import type { Context } from '../protocol/context.ts';
import type { Failure } from '../protocol/failure.ts';
import type { Journal } from '../runtime/journal.ts';
import type { Response } from '../runtime/record-types.ts';
import { logprobsOf, rewardsOf, type Scores, type ScoringRequest } from '../runtime/scoring.ts';
import type { Entry, Judged } from './entries.ts';
import { type Accuracy, accuracyOf } from './measure.ts';
import type { Params } from './params.generated.ts';
import type { Pool } from './responses.ts';

export interface ToJudge {
  /** Chosen and rejected, or nothing. */
  readonly references: readonly Entry[];
  readonly entries: readonly Entry[];
  readonly pools: readonly Pool[];
}

export interface Verdicts {
  /** References, entries, then the best of every pool. */
  readonly entries: readonly Judged[];
  /** `judge` first, then the independent ones by label. */
  readonly judges: readonly string[];
  readonly accuracy: { readonly [judge: string]: Accuracy };
}

type Lists = readonly (readonly Response[])[];
type ScoreRows<T> = (request: ScoringRequest) => Promise<Result<Scores<T>, Failure>>;

/** Scores everything, a model at a time; `onRows` is told how many rows are done in all. */
export async function judgeAll(
  ctx: Context<Params>,
  given: ToJudge,
  journal: Journal,
  onRows: (done: number) => void,
): Promise<Result<Verdicts, Failure>> {
  const others = ctx.many('judges');
  if (others.some(({ label }) => label === 'judge'))
    return err({
      code: 'duplicate-label',
      message: 'An independent judge is called "judge", which is the name of in.judge.',
      hint: 'Give it another label in in.judges.',
    });
  let before = 0;
  /** Judges so far: a label may be that of something else, too. */
  let asked = 0;
  async function score<T>(
    who: string,
    folder: string,
    by: ScoreRows<T>,
    lists: Lists,
  ): Promise<Result<Scored<T>, Failure>> {
    const { threads, signal } = ctx;
    const from = before;
    const report = (done: number): void => onRows(from + done);
    const scored = await by({
      folder,
      rows: lists.flat(),
      truncation: ctx.with,
      threads,
      signal,
      journal: journal.part(`scores ${asked++}`),
      onRows: report,
    });
    if (!scored.ok) return scored;
    before += lists.flat().length;
    if (scored.value.note !== null) ctx.note(`${who}: ${scored.value.note}`);
    return ok({ values: inParts(scored.value.values, lists), tokens: inParts(scored.value.tokens, lists) });
  }

  const shown = [...given.references, ...given.entries];
  const own = await score('judge', ctx.input('judge'), rewardsOf, rowsOf([...shown, ...given.pools]));
  if (!own.ok) return own;
  const rewards = own.value.values;
  const best = given.pools.map((pool, i) => keepBest(pool, rewards[shown.length + i] as number[]));
  // References were never tokenised before: their length is what the judge saw.
  const sized = shown.map((entry, i) => ({
    ...entry,
    rows: entry.rows.map((row, j) => sizedRow(row, own.value.tokens[i]?.[j])),
  }));
  const entries: Entry[] = [...sized, ...best.map(({ entry }) => entry)];
  const byJudge: [string, number[][]][] = [
    ['judge', [...rewards.slice(0, shown.length), ...best.map((kept) => kept.rewards)]],
  ];
  for (const { label, path } of others) {
    const scored = await score(label, path, rewardsOf, rowsOf(entries));
    if (!scored.ok) return scored;
    byJudge.push([label, scored.value.values]);
  }
  let logprobs: (readonly number[])[][] | null = null;
  const reader = ctx.optional('perplexity');
  if (reader !== undefined) {
    const scored = await score('perplexity', reader, logprobsOf, rowsOf(entries));
    if (!scored.ok) return scored;
    logprobs = scored.value.values;
  }
  return ok({
    judges: byJudge.map(([judge]) => judge),
    entries: entries.map((entry, i) => ({
      ...entry,
      rewards: Object.fromEntries(byJudge.map(([judge, values]) => [judge, values[i] as number[]])),
      logprobs: logprobs?.[i] ?? null,
    })),
    accuracy: given.references.length === 0 ? {} : accuracies(byJudge, ctx.with.level),
  });
}

interface Scored<T> {
  readonly values: T[][];
  readonly tokens: number[][];
}

function rowsOf(entries: readonly { readonly rows: readonly Response[] }[]): Lists {
  return entries.map((entry) => entry.rows);
}

/** Values of all rows, cut into the lists that the rows came from. */
function inParts<T>(values: readonly T[], lists: Lists): T[][] {
  let at = 0;
  return lists.map((list) => {
    const from = at;
    at += list.length;
    return values.slice(from, at);
  });
}

function sizedRow(row: Response, tokens: number | undefined): Response {
  return row.finish === 'given' ? { ...row, tokens: tokens ?? row.tokens } : row;
}

function accuracies(byJudge: readonly [string, number[][]][], level: number): Verdicts['accuracy'] {
  return Object.fromEntries(
    byJudge.map(([judge, [chosen = [], rejected = []]]) => [judge, accuracyOf(chosen, rejected, level)]),
  );
}

/** The sample with the highest reward of each prompt; the first of equal ones. */
export function keepBest(pool: Pool, rewards: readonly number[]): { entry: Entry; rewards: number[] } {
  const kept = Array.from({ length: pool.rows.length / pool.n }, (_, prompt) => {
    const from = prompt * pool.n;
    const own = rewards.slice(from, from + pool.n);
    return from + own.indexOf(Math.max(...own));
  });
  return {
    entry: { label: pool.label, kind: 'best-of', rows: kept.map((i) => pool.rows[i] as Response) },
    rewards: kept.map((i) => rewards[i] as number),
  };
}
