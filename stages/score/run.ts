import { err, ok, type Result } from '../../base/result.ts';
import { mean } from '../objectives/numbers.ts';
import type { Context } from '../protocol/context.ts';
import type { Failure } from '../protocol/failure.ts';
import { openJournal, type Part } from '../runtime/journal.ts';
import type { Response, Scored } from '../runtime/record-types.ts';
import { writeRecords } from '../runtime/records.ts';
import { logprobsOf, rewardsOf, type ScoringRequest } from '../runtime/scoring.ts';
import { scoresOfCommand } from './command.ts';
import type { Params } from './params.generated.ts';
import { rowsToScore } from './rows.ts';

interface Outcome {
  readonly values: readonly number[];
  /** Tokens of each response; null where nothing tokenised them. */
  readonly tokens: readonly number[] | null;
  readonly note: string | null;
}

type Score = (
  ctx: Context<Params>,
  rows: readonly Response[],
  journal: Part,
) => Promise<Result<Outcome, Failure>>;

const scorers: { readonly [by in Params['by']]: Score } = {
  reward: async (ctx, rows, journal) => {
    const model = modelOf(ctx);
    return model.ok ? rewardsOf(request(ctx, model.value, rows, journal)) : model;
  },
  // p of the RRHF paper, equation 1: what the trained policy ranks by.
  logprob: async (ctx, rows, journal) => {
    const model = modelOf(ctx);
    if (!model.ok) return model;
    const scored = await logprobsOf(request(ctx, model.value, rows, journal));
    return scored.ok ? ok({ ...scored.value, values: scored.value.values.map(mean) }) : scored;
  },
  command: async (ctx, rows, journal) => {
    const { command } = ctx.with;
    if (command === null)
      return err({
        code: 'missing-command',
        message: 'by is command, and no command is given.',
        hint: 'Set command.',
      });
    const scores = await scoresOfCommand({
      command,
      program: ctx.optional('program'),
      rows,
      signal: ctx.signal,
      journal,
      onRows: (done) => ctx.progress({ step: done, total: rows.length, unit: 'rows' }),
    });
    return scores.ok ? ok({ values: scores.value, tokens: null, note: null }) : scores;
  },
};

/** A score for every response, and for both responses of every pair. */
export async function run(ctx: Context<Params>): Promise<Result<void, Failure>> {
  const rows = await rowsToScore(ctx.optional('responses'), ctx.optional('pairs'));
  if (!rows.ok) return rows;
  if (rows.value.length === 0)
    return err({
      code: 'nothing-to-score',
      message: 'There is no response to score.',
      hint: 'Give in.responses, in.pairs or both, with rows in them.',
    });
  const scored = await scorers[ctx.with.by](ctx, rows.value, openJournal(ctx, 'score').part('scores'));
  if (!scored.ok) return scored;
  const { values, tokens, note } = scored.value;
  const scorer = ctx.with.scorer ?? ctx.with.by;
  const out = rows.value.map(
    (row, i): Scored => ({
      ...row,
      // A response that was never tokenised gets its length from the scoring model.
      tokens: row.finish === 'given' ? (tokens?.[i] ?? row.tokens) : row.tokens,
      score: values[i] as number,
      scorer,
    }),
  );
  await writeRecords(ctx.output('scored'), 'scored', out);
  if (note !== null) ctx.note(note);
  ctx.note(`${out.length} responses scored by ${scorer}, mean ${mean(values).toFixed(3)}.`);
  return ok(undefined);
}

function modelOf(ctx: Context<Params>): Result<string, Failure> {
  const folder = ctx.optional('model');
  return folder === undefined
    ? err({
        code: 'missing-model',
        message: `by is ${ctx.with.by}, and no model is given.`,
        hint: 'Set in.model.',
      })
    : ok(folder);
}

function request(
  ctx: Context<Params>,
  folder: string,
  rows: readonly Response[],
  journal: Part,
): ScoringRequest {
  return {
    folder,
    rows,
    truncation: ctx.with,
    threads: ctx.threads,
    signal: ctx.signal,
    journal,
    onRows: (done) => ctx.progress({ step: done, total: rows.length, unit: 'rows' }),
  };
}
