/** @file An output of 2 GiB: from the end of the command to its result, and into the hands of the next stage. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Event } from '../../engine/event.ts';
import { journalOf } from '../measure/intervals.ts';
import { runReport } from '../measure/warren.ts';
import { project } from './project.ts';
import { line, type Row } from './row.ts';

const BYTES = 2 * 2 ** 30;
/** Both say when they have their input or made their output. */
const NOW = 'date +%s%N';
const TEXT = `name: p
with: { round: 0 }
stages:
  make:
    run: [sh, -c, "yes \\"$1\\" | head -c ${BYTES} > \\"$0\\"; ${NOW}", "\${out.o}", "\${with.n}"]
    with: { n: "\${with.round}" }
    out: { o: file }
  read: { run: '${NOW}; echo > \${out.o}', in: { large: make.o }, out: { o: file } }
`;

/** Seconds from one event of a stage to another. */
interface Times {
  readonly store: number;
  readonly restore: number;
}

export const output: Row = {
  name: 'output',
  measure: async (bench) => {
    const { folder } = project(bench.folder, TEXT);
    const times: Times[] = [];
    for (let round = 1; round <= Math.min(bench.rounds, 2); round++) {
      const { report } = await runReport(['p.yaml', '--with', `round=${round}`], { cwd: folder });
      times.push(timesOf(journalOf(join(folder, '.warren'), report.run)));
      rmSync(join(folder, '.warren/cache'), { recursive: true });
    }
    const hash = bench.openssl === undefined ? undefined : BYTES / bench.openssl;
    const limit =
      hash === undefined ? {} : { fixed: { seconds: 1.2 * hash, why: "openssl's time to hash it + 20 %" } };
    return [
      line(
        bench,
        '2 GiB output, store',
        times.map(({ store }) => store),
        limit,
      ),
      line(
        bench,
        '2 GiB output, restore where a stage reads it',
        times.map(({ restore }) => restore),
        {
          fixed: { seconds: 0.05, why: 'by link' },
        },
      ),
    ];
  },
};

function timesOf(events: readonly Event[]): Times {
  const said = (stage: string): number => {
    const found = events.find((event) => event.type === 'stage-output' && event.stage === stage);
    if (found?.type !== 'stage-output') throw new Error(`${stage} said nothing`);
    return Number(found.text) / 1e6;
  };
  const at = (type: 'stage-started' | 'stage-done', stage: string): number =>
    events.find((event) => event.type === type && event.stage === stage)?.at ?? Number.NaN;
  return {
    store: (at('stage-done', 'make') - said('make')) / 1000,
    restore: (said('read') - at('stage-done', 'make')) / 1000,
  };
}
