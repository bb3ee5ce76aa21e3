/**
 * @file pipelines/rrhf.yaml on the project's own data: the cold run, a run with nothing to do, one after a changed learning
 * rate, one after a touched file. `--rounds 9 --set rrhf.lr=0.0002 --with NAME=VALUE --keep`
 */
import { parseArgs } from 'node:util';
import { alternate, emptyNode } from './measure/command.ts';
import { journalOf } from './measure/intervals.ts';
import { copyProject } from './measure/project.ts';
import { inScratch, print, say } from './measure/scratch.ts';
import { sharesOf } from './measure/shares.ts';
import { median, rounded, roundedSummary } from './measure/statistics.ts';
import { ran, runReport, tally, warren } from './measure/warren.ts';

const { values } = parseArgs({
  options: {
    file: { type: 'string', default: 'pipelines/rrhf.yaml' },
    touch: { type: 'string', default: 'pipelines/data/transcripts.jsonl' },
    rounds: { type: 'string', default: '9' },
    set: { type: 'string', default: 'rrhf.lr=0.0002' },
    with: { type: 'string', multiple: true, default: [] },
    keep: { type: 'boolean', default: false },
  },
});
const { file } = values;
const overrides = values.with.flatMap((one) => ['--with', one]);

await inScratch('rrhf-cold', values.keep, async (folder) => {
  const project = copyProject(folder);
  say('cold run');
  const cold = await runReport([file, ...overrides], { ...project.options, memory: true, show: true });
  const shares = sharesOf(journalOf(project.home, cold.report.run), cold.seconds);

  say(`nothing to do: ${values.rounds} rounds`);
  const again = {
    node: emptyNode,
    warren: () => warren(['run', file, ...overrides, '--quiet'], project.options),
  };
  await alternate(again, 1);
  const seconds = await alternate(again, Number(values.rounds));
  const repeated = await runReport([file, ...overrides], project.options);

  project.touch(values.touch);
  const touched = await runReport([file, ...overrides], project.options);
  const changed = await runReport([file, ...overrides, '--set', values.set], project.options);

  print({
    file,
    unit: 'seconds',
    cold: {
      seconds: rounded(cold.seconds),
      peak_gib: cold.peakBytes === undefined ? null : rounded(cold.peakBytes / 2 ** 30),
      stages: tally(cold.report),
      share_of_wall_time: { training_sampling_scoring: shares.models, training: shares.training },
      seconds_by_kind: shares.seconds,
    },
    nothing_to_do: {
      stages: tally(repeated.report),
      node: roundedSummary(seconds.node),
      warren: roundedSummary(seconds.warren),
      times_empty_node: rounded(median(seconds.warren) / median(seconds.node)),
    },
    after_touching: { file: values.touch, ran: ran(touched.report) },
    after_changing: { set: values.set, ran: ran(changed.report), seconds: rounded(changed.seconds) },
  });
});
