import { writeFile } from 'node:fs/promises';
import { err, ok, type Result } from '../../base/result.ts';
import { type SamplingStatistics, samplingStatistics } from '../objectives/sampling-statistics.ts';
import type { Context } from '../protocol/context.ts';
import type { Failure } from '../protocol/failure.ts';
import { openJournal } from '../runtime/journal.ts';
import { pairRows } from '../runtime/pair-rows.ts';
import { asPairs, readPrompts } from '../runtime/prompts.ts';
import type { Pair, Response, Scored } from '../runtime/record-types.ts';
import { readRecords, writeRecords } from '../runtime/records.ts';
import { type Entry, type Judged, withoutSeed } from './entries.ts';
import { judgeAll } from './judging.ts';
import { measure } from './measure.ts';
import type { Params } from './params.generated.ts';
import { generate, type Job, plan, unknownLabel } from './responses.ts';
import { renderTables } from './table.ts';
import { workOf } from './work.ts';

/** Responses of every model to the same prompts, judged, measured and put into a table. */
export async function run(ctx: Context<Params>): Promise<Result<void, Failure>> {
  const jobs = plan(ctx);
  if (!jobs.ok) return jobs;
  const prompts = await readPrompts(ctx.input('prompts'));
  if (!prompts.ok) return prompts;
  const pairs = asPairs(prompts.value);
  if (!pairs.ok) return pairs;
  const references = pairs.value === null ? [] : referencesOf(pairs.value);
  const shown = ctx.with.references ? references : [];
  const wrong = checkBaseline(ctx.with.baseline, jobs.value, shown);
  if (wrong !== null) return err(wrong);
  const training = await trainingScores(ctx);
  if (!training.ok) return training;

  const work = workOf(ctx, jobs.value, prompts.value.length, references.length);
  const journal = openJournal(ctx, 'evaluate');
  const made = await generate(ctx, prompts.value, jobs.value, journal, work.phase());
  if (!made.ok) return made;
  const judged = await judgeAll(ctx, { references, ...made.value }, journal, work.phase());
  if (!judged.ok) return judged;
  const entries = judged.value.entries.filter((entry) => entry.kind !== 'reference' || ctx.with.references);
  const { seed, resamples, level, baseline } = ctx.with;
  const metrics = measure({
    prompts: prompts.value.length,
    entries,
    judges: judged.value.judges,
    baseline,
    accuracy: judged.value.accuracy,
    training: training.value,
    bootstrap: { seed, resamples, level },
  });
  const tables = renderTables(metrics);
  await writeFile(ctx.output('metrics'), `${JSON.stringify(metrics, null, 2)}\n`);
  await writeFile(ctx.output('table'), tables);
  await writeRecords(ctx.output('responses'), 'scored', entries.flatMap(scoredRows));
  ctx.report(tables);
  return ok(undefined);
}

function referencesOf(pairs: readonly Pair[]): Entry[] {
  const rows = pairs.map(pairRows);
  return [
    { label: 'chosen', kind: 'reference', rows: rows.map(([chosen]) => chosen) },
    { label: 'rejected', kind: 'reference', rows: rows.map(([, rejected]) => rejected) },
  ];
}

/** A wrong name is found before anything is generated. */
function checkBaseline(
  baseline: string | null,
  jobs: readonly Job[],
  references: readonly Entry[],
): Failure | null {
  if (baseline === null) return null;
  const labels = [...references.map((entry) => entry.label), ...jobs.map((job) => job.name)];
  const known = new Set([...labels, ...labels.map(withoutSeed)]);
  return known.has(baseline) ? null : unknownLabel('baseline', baseline, [...known]);
}

async function trainingScores(
  ctx: Context<Params>,
): Promise<Result<{ [label: string]: SamplingStatistics }, Failure>> {
  const training: { [label: string]: SamplingStatistics } = {};
  for (const { label, path } of ctx.many('ranked')) {
    const ranked = await readRecords(path, 'ranked');
    if (!ranked.ok) return ranked;
    if (ranked.value.length === 0)
      return err({
        code: 'no-rows',
        message: `The ranking "${label}" is empty.`,
        hint: 'Check the merge stage.',
        file: path,
      });
    training[label] = samplingStatistics(
      ranked.value.map((row) => row.scores),
      ctx.with.std,
    );
  }
  return ok(training);
}

function scoredRows(entry: Judged): Scored[] {
  const rewards = entry.rewards['judge'] ?? [];
  return entry.rows.map((row: Response, i) => ({ ...row, score: rewards[i] as number, scorer: 'judge' }));
}
