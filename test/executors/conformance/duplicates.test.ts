/** One key is made once, whoever asks for it, and from wherever. */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { puppets, stand } from '../../rigs/stand.ts';
import { targets } from '../../rigs/targets.ts';

describe.each(targets())('$name', (target) => {
  const test = it.skipIf(target.missing !== undefined);

  test('three engines want one key: one attempt, and all succeed', async () => {
    const p = await puppets();
    const s = stand(target, {
      'p.yaml': `name: p\nstages:\n  a: { run: ${p.run('a', 'out.o')}, out: { o: file } }\nout: { o: a.o }\n`,
    });
    const engines = [s.start(), s.start(), s.start('--profile', 'local')];
    const a = await p.next('a');
    await a.write(a.words[0] as string, 'once');
    a.exit();
    const ends = await Promise.all(engines.map(({ done }) => done));
    expect(ends.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(p.count('a')).toBe(1);
  });

  test('stages of a matrix: each once, with its own words', async () => {
    const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
    const s = stand(target, {
      'p.yaml': `name: p
stages:
  a: { run: "echo \${matrix.seed} >> $WARREN_STATE/starts; cat $WARREN_STATE/starts > \${out.o}", matrix: { seed: ${JSON.stringify(seeds)} }, out: { o: file } }
out: { o: 'a[*].o' }
`,
    });
    expect(await s.run()).toMatchObject({ code: 0 });
    const made = readdirSync(s.tree.path('out/p/o')).map((name) => s.tree.read(`out/p/o/${name}`));
    expect(made.sort()).toEqual(seeds.map((seed) => `${seed}\n`));
  });
});
