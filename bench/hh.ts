/**
 * @file pipelines/rrhf.yaml on a part of Anthropic's HH data over three seeds: time, memory, and whether the policy is better
 * than SFT under the reward model it was trained with and under the independent judge.
 * `--data ../shared/data/hh-rlhf/harmless-base-test.jsonl.gz --with NAME=VALUE --keep`
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { journalOf } from './measure/intervals.ts';
import { copyProject } from './measure/project.ts';
import { inScratch, print, say } from './measure/scratch.ts';
import { sharesOf } from './measure/shares.ts';
import { rounded } from './measure/statistics.ts';
import { ROOT, runReport, tally } from './measure/warren.ts';

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data/hh-rlhf/harmless-base-test.jsonl.gz' },
    with: {
      type: 'string',
      multiple: true,
      default: ['seeds=[1, 2, 3]', 'queries=1500', 'query=128', 'response=80'],
    },
    keep: { type: 'boolean', default: false },
  },
});
const data = resolve(ROOT, values.data);

if (!existsSync(data)) {
  print({ skipped: `no file ${values.data}` });
} else {
  await inScratch('hh', values.keep, async (folder) => {
    const project = copyProject(folder);
    const overrides = ['--in', `transcripts=${data}`, ...values.with.flatMap((one) => ['--with', one])];
    say('cold run; this takes a while');
    const cold = await runReport(['pipelines/rrhf.yaml', ...overrides], {
      ...project.options,
      memory: true,
      show: true,
    });
    const shares = sharesOf(journalOf(project.home, cold.report.run), cold.seconds);
    const placed = (name: string): string => readFileSync(join(folder, 'out/rrhf', name), 'utf8');
    print({
      data: values.data.split('/').at(-1),
      with: values.with,
      seconds: rounded(cold.seconds),
      peak_gib: cold.peakBytes === undefined ? null : rounded(cold.peakBytes / 2 ** 30),
      stages: tally(cold.report),
      share_of_wall_time: { training_sampling_scoring: shares.models, training: shares.training },
      seconds_by_kind: shares.seconds,
      metrics: JSON.parse(placed('metrics.json')) as unknown,
      table: placed('table.md'),
    });
  });
}
