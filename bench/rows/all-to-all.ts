/** @file 800 stages that each read what 800 others made. */
import { allToAllText, project } from './project.ts';
import { line, type Row, repeat } from './row.ts';

export const allToAll: Row = {
  name: 'all-to-all',
  measure: async (bench) => {
    const work = 'all-to-all 800 x 800';
    const { call, peak } = project(bench.folder, allToAllText(800));
    const cold = await call('run');
    const nothing = await repeat(bench.rounds, () => call('run'));
    const planned = await repeat(Math.min(bench.rounds, 3), () => call('plan'));
    return [
      line(bench, `${work}, cold`, [cold.seconds]),
      line(bench, `${work}, nothing to do`, nothing, { scaled: 0.6, megabytes: 200 }, await peak()),
      line(bench, `${work}, plan`, planned),
    ];
  },
};
