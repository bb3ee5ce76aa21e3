import { expect, it } from 'vitest';
import { labels, workshop } from '../rigs/workshop.ts';

it('N17: a failure, then the input as it was: the last good result, and the failure is not replayed', async () => {
  const w = workshop({
    'data.txt': 'good\n',
    'p.yaml': `name: back
in: { data: ./data.txt }
stages:
  a: { run: "grep good \${in.data} > \${out.o}; s=$?; echo ran >> calls; exit $s", in: { data: in.data }, out: { o: file } }
  b: { run: "cat \${in.o} > \${out.o}", in: { o: a.o }, out: { o: file } }
out: { b: b.o }
`,
  });
  expect((await w.run()).result.outcome).toBe('done');
  w.write('data.txt', 'bad\n');
  const failed = await w.run();
  expect(failed.actions).toEqual({ a: 'failed', b: 'skipped' });
  expect(w.read('out/back/b')).toBe('good\n');
  w.write('data.txt', 'good\n');
  expect(labels(await w.plan())).toEqual({ a: 'fresh', b: 'fresh' });
  const again = await w.run();
  expect(again.actions).toEqual({ a: 'fresh', b: 'fresh' });
  expect(again.result.stages.map(({ failure }) => failure)).toEqual([undefined, undefined]);
  expect(w.read('calls')).toBe('ran\nran\n');
  // A failure is not a result either: the same bad input is tried again.
  w.write('data.txt', 'bad\n');
  expect(labels(await w.plan())).toEqual({ a: 'run', b: 'maybe' });
});
