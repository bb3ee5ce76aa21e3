import { err, ok, type Result } from '../../base/result.ts';
import type { Context } from '../protocol/context.ts';
import type { Failure } from '../protocol/failure.ts';
import { readLines, unreadable } from '../runtime/lines.ts';
import type { Pair, Reject } from '../runtime/record-types.ts';
import { writeRecords } from '../runtime/records.ts';
import type { Params } from './params.generated.ts';
import { pairReader } from './rows.ts';
import { drawPairs, splitByPrompt } from './split.ts';

/** HH transcripts to `train`, `test` and `rejects`. */
export async function run(ctx: Context<Params>): Promise<Result<void, Failure>> {
  const path = ctx.input('transcripts');
  const read = await readPairs(path);
  if (!read.ok) return read;
  const { pairs, rejects } = read.value;
  const total = pairs.length + rejects.length;
  if (rejects.length > ctx.with.max_rejects * total)
    return err({ ...tooManyRejects(rejects, total, ctx.with.max_rejects), file: path });
  if (pairs.length === 0)
    return err({
      code: 'no-rows',
      message: 'The file holds no usable transcript.',
      hint: 'Check that it is the file you meant.',
      file: path,
    });

  const used = ctx.with.limit === null ? pairs : drawPairs(pairs, ctx.with.limit, ctx.random('limit'));
  const split = splitByPrompt(used, ctx.with.test, ctx.random('split'));
  if (split === null)
    return err({
      code: 'too-few-prompts',
      message: 'All rows have one prompt, so none can be held out.',
      hint: 'Give more prompts, or set test to 0.',
      file: path,
    });
  await writeRecords(ctx.output('train'), 'pairs', split.train);
  await writeRecords(ctx.output('test'), 'pairs', split.test);
  await writeRecords(ctx.output('rejects'), 'rejects', rejects);

  const unused = pairs.length - used.length;
  const beyond = unused > 0 ? `, ${unused} beyond the limit` : '';
  ctx.note(`${total} rows: ${split.train.length} train, ${split.test.length} test${beyond}.`);
  if (rejects.length > 0) ctx.note(`${rejects.length} rows rejected: ${countCodes(rejects)}.`);
  return ok(undefined);
}

async function readPairs(path: string): Promise<Result<{ pairs: Pair[]; rejects: Reject[] }, Failure>> {
  const pairs: Pair[] = [];
  const rejects: Reject[] = [];
  const read = pairReader();
  try {
    for await (const line of readLines(path)) {
      const pair = read(line);
      if (pair.ok) pairs.push(pair.value);
      else rejects.push(pair.error);
    }
  } catch (error) {
    return err(unreadable(path, error));
  }
  return ok({ pairs, rejects });
}

/** "4 empty-response, 2 prompts-differ", most frequent first. */
function countCodes(rejects: readonly Reject[]): string {
  const counts = new Map<string, number>();
  for (const { code } of rejects) counts.set(code, (counts.get(code) ?? 0) + 1);
  return [...counts]
    .toSorted((a, b) => b[1] - a[1])
    .map(([code, count]) => `${count} ${code}`)
    .join(', ');
}

function tooManyRejects(rejects: readonly Reject[], total: number, most: number): Failure {
  const percent = (value: number): string => `${Number((100 * value).toPrecision(3))} %`;
  const first = rejects[0] as Reject;
  const found = `${rejects.length} of ${total} rows are bad (${percent(rejects.length / total)})`;
  return {
    code: 'too-many-rejects',
    message: `${found}, max_rejects allows ${percent(most)}: ${countCodes(rejects)}.`,
    hint: `The first is row ${first.row}: ${first.message} Correct the file, or raise max_rejects.`,
    row: first.row,
  };
}
