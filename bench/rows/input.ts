/** @file An input of 4 GiB that does not change. The file is sparse: what is hashed is the same. */
import { truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { project } from './project.ts';
import { line, type Row, repeat } from './row.ts';

const TEXT = `name: p
stages:
  s: { run: "echo > \${out.o}", in: { large: ./large.bin }, out: { o: file } }
`;

export const input: Row = {
  name: 'input',
  measure: async (bench) => {
    const { call } = project(bench.folder, TEXT);
    const large = join(bench.folder, 'large.bin');
    writeFileSync(large, '');
    truncateSync(large, 4 * 2 ** 30);
    // A file that was written this moment is hashed again until its times can tell a later write.
    utimesSync(large, 1e9, 1e9);
    const cold = await call('run');
    const unchanged = await repeat(bench.rounds, () => call('run'));
    const planned = await repeat(bench.rounds, () => call('plan'));
    return [
      line(bench, '4 GiB input, hashed', [cold.seconds]),
      line(bench, '4 GiB input unchanged', unchanged, { scaled: 0.35 }),
      line(bench, '4 GiB input unchanged, plan', planned),
    ];
  },
};
