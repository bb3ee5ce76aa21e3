import { ok, type Result } from '../../base/result.ts';
import type { Context } from '../protocol/context.ts';
import type { Failure } from '../protocol/failure.ts';
import { generateOptions } from '../runtime/generation.ts';
import { openJournal } from '../runtime/journal.ts';
import { readPrompts } from '../runtime/prompts.ts';
import type { Response } from '../runtime/record-types.ts';
import { writeRecords } from '../runtime/records.ts';
import { sampleResponses } from '../runtime/sampling.ts';
import type { Params } from './params.generated.ts';

/** n responses of every model to every prompt: models in order of their labels, then prompts as given, then index. */
export async function run(ctx: Context<Params>): Promise<Result<void, Failure>> {
  const options = generateOptions(ctx.with, ctx.with.n);
  if (!options.ok) return options;
  const prompts = await readPrompts(ctx.input('prompts'));
  if (!prompts.ok) return prompts;
  const models = ctx.many('models');
  const total = models.length * prompts.value.length;
  const journal = openJournal(ctx, 'sample');
  const rows: (readonly Response[])[] = [];
  for (const [i, { label, path }] of models.entries()) {
    const sampled = await sampleResponses({
      folder: path,
      label,
      prompts: prompts.value,
      options: options.value,
      truncation: ctx.with,
      threads: ctx.threads,
      signal: ctx.signal,
      random: (id, index) => ctx.random(`${id}/${index}`),
      journal: journal.part(label),
      onPrompt: (done) => ctx.progress({ step: i * prompts.value.length + done, total, unit: 'prompts' }),
    });
    if (!sampled.ok) return sampled;
    rows.push(sampled.value.rows);
    if (sampled.value.note !== null) ctx.note(sampled.value.note);
    ctx.note(summary(label, sampled.value.rows));
  }
  await writeRecords(ctx.output('responses'), 'responses', rows.flat());
  return ok(undefined);
}

/** "sft: 400 responses, mean 31.2 tokens; 320 eos, 60 stop, 20 length; 3 empty." */
function summary(label: string, rows: readonly Response[]): string {
  const tokens = rows.reduce((total, row) => total + row.tokens, 0) / rows.length;
  const ends = (['eos', 'stop', 'length'] as const)
    .map((finish) => `${rows.filter((row) => row.finish === finish).length} ${finish}`)
    .join(', ');
  const empty = rows.filter((row) => row.response.trim() === '').length;
  return `${label}: ${rows.length} responses, mean ${tokens.toFixed(1)} tokens; ${ends}${empty > 0 ? `; ${empty} empty` : ''}.`;
}
