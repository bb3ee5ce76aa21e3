/** @file A folder of 200,000 files as an input, one of them changed; and one as an output. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { peakOf } from '../measure/peak.ts';
import { project } from './project.ts';
import { line, type Row, repeat } from './row.ts';

const FOLDERS = 200;
const FILES = 1000;
const READ = `name: p
stages:
  s: { run: 'ls \${in.d} | wc -l > \${out.o}', in: { d: ./data }, out: { o: file } }
`;
/** Reads what it made, so that storing and handing out are both in its time. */
const MADE = `name: made
stages:
  make: { run: 'cp -r \${in.d}/. \${out.d}', in: { d: ./data }, out: { d: folder } }
  read: { run: 'ls \${in.d} | wc -l > \${out.o}', in: { d: make.d }, out: { o: file } }
`;

export const folder: Row = {
  name: 'folder',
  measure: async (bench) => {
    const { call, peak } = project(bench.folder, READ);
    const work = `folder of ${FOLDERS * FILES} files`;
    const data = join(bench.folder, 'data');
    for (let d = 0; d < FOLDERS; d++) {
      mkdirSync(join(data, `d${d}`), { recursive: true });
      for (let i = 0; i < FILES; i++) writeFileSync(join(data, `d${d}/f${i}.txt`), `row ${d} ${i}\n`);
    }
    const cold = await call('run');
    let count = 0;
    const change = (): void => writeFileSync(join(data, 'd7/f7.txt'), `changed ${count++}\n`);
    const changed = await repeat(Math.min(bench.rounds, 3), () => call('run'), change);
    const nothing = await repeat(Math.min(bench.rounds, 3), () => call('run'));
    change();
    const lines = [
      line(bench, `${work}, first time`, [cold.seconds]),
      line(bench, `${work}, one changed`, changed, { scaled: 3 }, await peak()),
      line(bench, `${work}, nothing to do`, nothing),
    ];
    writeFileSync(join(bench.folder, 'made.yaml'), MADE);
    const made = await peakOf(['run', 'made.yaml', '--quiet'], bench.folder);
    const output = `${work} as an output, made, stored and read`;
    return [...lines, line(bench, output, [made.seconds], {}, made.peakBytes)];
  },
};
