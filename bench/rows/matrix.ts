/** @file A matrix of 7 x 7 x 7 stages beside turbo: cold, nothing to do, everything restored. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Timed } from '../measure/command.ts';
import { median } from '../measure/statistics.ts';
import { turbo } from '../peers/turbo.ts';
import { matrixText, project } from './project.ts';
import { type Bench, type Line, line, type Row, repeat, warm } from './row.ts';

const WORK = '343 stages (7x7x7 matrix)';

interface Times {
  readonly cold: readonly number[];
  readonly restore: readonly number[];
  readonly nothing: readonly number[];
}

export const matrix: Row = {
  name: 'matrix',
  measure: async (bench) => {
    const state = join(bench.folder, 'ours/.warren');
    const out = join(bench.folder, 'ours/out');
    const cache = join(bench.folder, 'cache');
    const { call } = project(join(bench.folder, 'ours'), matrixText(7));
    const remove = (...paths: string[]): void => {
      for (const path of paths) rmSync(path, { recursive: true, force: true });
    };
    const rounds = Math.min(bench.rounds, 3);
    const cold = await repeat(
      rounds,
      () => call('run'),
      () => remove(state, out),
    );
    const restore = await repeat(
      rounds,
      () => call('run'),
      () => remove(out),
    );
    const shared = { env: { WARREN_CACHE: cache } };
    await call('run', shared);
    // Another checkout with a shared cache: no memo, no seal, no plan.
    const elsewhere = await repeat(
      rounds,
      () => call('run', shared),
      () => remove(state, out),
    );
    await call('run');
    const peer = bench.peers ? await turboTimes(join(bench.folder, 'turbo'), rounds) : undefined;
    const again: Record<string, () => Promise<Timed>> = { ours: () => call('run') };
    if (peer !== undefined) again['turbo'] = peer.run;
    const nothing = await warm(again, bench.rounds);
    const own = { cold, restore, nothing: nothing['ours'] ?? [] };
    return [
      line(bench, `${WORK}, cold trivial commands`, cold, { scaled: 3 }),
      line(bench, `${WORK}, restore all (out/ removed)`, restore, { scaled: 0.6 }),
      line(bench, `${WORK}, restore all (only the cache left)`, elsewhere, { scaled: 0.6 }),
      line(bench, `${WORK}, nothing to do`, own.nothing, { scaled: 0.35 }),
      ...(peer === undefined ? [] : beside(bench, own, { ...peer, nothing: nothing['turbo'] ?? [] })),
    ];
  },
};

async function turboTimes(folder: string, rounds: number) {
  const run = await turbo(folder, 343);
  if (run === undefined) return undefined;
  const cold = [(await run()).seconds];
  const empty = (): void => {
    rmSync(join(folder, 'out'), { recursive: true });
    mkdirSync(join(folder, 'out'));
  };
  return { cold, restore: await repeat(rounds, run, empty), run };
}

function beside(bench: Bench, own: Times, peer: Times): Line[] {
  return (['cold', 'restore', 'nothing'] as const).flatMap((what) => [
    line(bench, `${WORK}, ${what}: turbo`, peer[what]),
    line(bench, `${WORK}, ${what}, beside turbo`, own[what], {
      fixed: { seconds: median(peer[what]), why: 'faster than turbo' },
    }),
  ]);
}
