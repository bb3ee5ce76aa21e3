/** What a stage reads and makes: declared files travel, others do not; bytes are the same everywhere. */
import { symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { puppets, stand } from '../../rigs/stand.ts';
import { targets } from '../../rigs/targets.ts';

describe.each(targets())('$name', (target) => {
  const test = it.skipIf(target.missing !== undefined);

  test('a declared file that is absent: told before anything is submitted', async () => {
    const p = await puppets();
    const s = stand(target, {
      'p.yaml': `name: p
in: { data: ./absent.txt }
stages:
  a: { run: ${p.run('a')}, out: { o: file } }
  b: { run: ${p.run('b')}, in: { data: in.data }, out: { o: file } }
out: { o: b.o }
`,
    });
    expect(await s.run()).toMatchObject({ code: 2, problems: [{ code: 'missing-file' }] });
    expect([p.count('a'), p.count('b')]).toEqual([0, 0]);
  });

  test('a file that is not declared is there only where files are shared', async () => {
    const run = JSON.stringify('cat undeclared.txt > ${out.o}');
    const s = stand(target, {
      'p.yaml': `name: p\nstages:\n  a: { run: ${run}, out: { o: file } }\nout: { o: a.o }\n`,
      'undeclared.txt': 'found',
    });
    const ran = await s.run();
    if (target.sharedFiles) {
      expect(ran.code).toBe(0);
      expect(s.tree.read('out/p/o')).toBe('found');
    } else {
      expect(ran).toMatchObject({ code: 1, stages: { a: { failure: { code: 'exit-non-zero' } } } });
      expect(
        s
          .events('stage-output')
          .map(({ text }) => text)
          .join(),
      ).toContain('undeclared.txt');
    }
  });

  test('folders, programs, links and odd names arrive and come back', async () => {
    const make = `mkdir -p \${out.made}/bin "$WARREN_OUT_MADE/söme dir" && printf '#!/bin/sh\\necho from a program\\n' > \${out.made}/bin/tool && chmod +x \${out.made}/bin/tool && echo data > "$WARREN_OUT_MADE/söme dir/d ü.txt" && ln -s "../söme dir/d ü.txt" \${out.made}/bin/link`;
    const use = `{ \${in.made}/bin/tool; cat \${in.made}/bin/link; cat \${in.given}/sub/one.txt; cat \${in.given}/link; } > \${out.o} && cp -R \${in.made}/. \${out.copy}`;
    const s = stand(target, {
      'p.yaml': `name: p
in: { given: ./given }
stages:
  a: { run: ${JSON.stringify(make)}, out: { made: folder } }
  b: { run: ${JSON.stringify(use)}, in: { made: a.made, given: in.given }, out: { o: file, copy: folder } }
out: { o: b.o, made: a.made, copy: b.copy }
`,
      'given/sub/one.txt': 'one\n',
    });
    symlinkSync('sub/one.txt', s.tree.path('given/link'));
    const { code, stages } = await s.run();
    expect(code).toBe(0);
    expect(s.tree.read('out/p/o')).toBe('from a program\ndata\none\none\n');
    const done = s.events('stage-done');
    const digests = Object.fromEntries(done.map(({ stage, outputs }) => [stage, outputs]));
    // Read back from what was copied there: the same names, modes and links.
    expect(digests['b']?.['copy']).toBe(digests['a']?.['made']);
    expect(stages['b']?.action).toBe('ran');
  });

  test('an output is read only by who may: links out of it are refused', async () => {
    const run = JSON.stringify('ln -s /etc/passwd ${out.o}/stolen');
    const s = stand(target, {
      'p.yaml': `name: p\nstages:\n  a: { run: ${run}, out: { o: folder } }\nout: { o: a.o }\n`,
    });
    expect(await s.run()).toMatchObject({
      code: 1,
      stages: { a: { failure: { code: 'symlink-escapes' } } },
    });
  });

  test('results of one place are inputs of another, and nothing runs twice', async () => {
    const p = await puppets();
    const yaml = (text: string): string => `name: p
in: { data: ./data.txt }
stages:
  a: { run: ${p.run('a', 'out.o', 'in.data')}, in: { data: in.data }, out: { o: file } }
  b: { run: ${JSON.stringify(`cat \${in.o} > \${out.o}; echo ${text} >> \${out.o}`)}, in: { o: a.o }, out: { o: file } }
out: { o: b.o }
`;
    const s = stand(target, { 'p.yaml': yaml('here'), 'data.txt': 'x' });
    const first = s.start('a');
    const a = await first.meet(p.next('a'));
    await a.write(a.words[0] as string, 'made there\n');
    a.exit();
    expect((await first.done).code).toBe(0);
    expect(await s.run('--profile', 'local')).toMatchObject({
      code: 0,
      stages: { a: { action: 'fresh' }, b: { action: 'ran' } },
    });
    expect(s.tree.read('out/p/o')).toBe('made there\nhere\n');
    s.tree.write('p.yaml', yaml('there'));
    expect(await s.run()).toMatchObject({
      code: 0,
      stages: { a: { action: 'fresh' }, b: { action: 'ran' } },
    });
    expect(s.tree.read('out/p/o')).toBe('made there\nthere\n');
    expect(p.count('a')).toBe(1);
  });
});
