/** @file 1,000 stages in a binary tree with nothing to do, beside wireit. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import type { Timed } from '../measure/command.ts';
import { median } from '../measure/statistics.ts';
import { ours } from '../peers/ours.ts';
import { wireit } from '../peers/wireit.ts';
import { type Line, line, type Row, warm } from './row.ts';

const SIZE = 1000;

export const tree: Row = {
  name: 'tree',
  measure: async (bench) => {
    const engines = [ours(manifest.version), ...(bench.peers ? [wireit()] : [])];
    const cold: Line[] = [];
    const again: Record<string, () => Promise<Timed>> = {};
    for (const engine of engines) {
      const folder = join(bench.folder, engine.name);
      mkdirSync(folder);
      await engine.write(folder, SIZE);
      const first = await engine.run(folder);
      cold.push(line(bench, `${SIZE} stages, cold: ${engine.name}`, [first.seconds]));
      again[engine.name] = () => engine.run(folder);
    }
    const seconds = await warm(again, bench.rounds);
    const own = seconds['warren'] ?? [];
    const work = `${SIZE} stages, nothing to do`;
    const fixed = { seconds: 2.5 * bench.node, why: '2.5 x node -e 0' };
    const lines = [...cold, line(bench, work, own, { fixed })];
    const peer = seconds['wireit'];
    if (peer === undefined) return lines;
    const tenth = { seconds: median(peer) / 10, why: '10 x faster than wireit' };
    return [
      ...lines,
      line(bench, `${work}: wireit`, peer),
      line(bench, `${work}, beside wireit`, own, { fixed: tenth }),
    ];
  },
};
