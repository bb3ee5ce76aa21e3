/** @file A chain of 10,000 stages. */
import { chainText, project, SEED_FILE } from './project.ts';
import { line, type Row, repeat } from './row.ts';

export const chain: Row = {
  name: 'chain',
  measure: async (bench) => {
    const work = '10,000-stage chain';
    const { call, peak, touch } = project(bench.folder, chainText(10_000));
    const check = await call('check');
    const cold = await call('run');
    const nothing = await repeat(bench.rounds, () => call('run'));
    const limit = { scaled: 1, megabytes: 300 };
    const lines = [
      line(bench, `${work}, check`, [check.seconds]),
      line(bench, `${work}, cold`, [cold.seconds]),
      line(bench, `${work}, nothing to do`, nothing, limit, await peak()),
    ];
    // Without a seal: the plan is made anew.
    const touched = await repeat(
      bench.rounds,
      () => call('run'),
      () => touch(SEED_FILE),
    );
    touch(SEED_FILE);
    const planned = await repeat(bench.rounds, () => call('plan'));
    return [
      ...lines,
      line(bench, `${work}, a touched input`, touched),
      line(bench, `${work}, plan`, planned),
    ];
  },
};
