import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { Tree } from '../rigs/program.ts';

const VALUES = Array.from({ length: 200 }, (_, i) => i + 1);
const KILLED_AT = 114;

/** What the 114th does while there is a file `block` is no part of its key. */
const yaml = (values: readonly number[]): string => `name: sweep
with: { values: [${values.join(', ')}] }
stages:
  trial:
    matrix: { n: "\${with.values}" }
    run: |
      n=\${matrix.n}
      if test $n = ${KILLED_AT} && test -e block; then echo > started; exec sleep 600; fi
      echo $n > \${out.o}
    out: { o: file }
out: { all: "trial[*].o" }
`;

interface Document {
  readonly outcome: string;
  readonly stages: readonly { readonly id: string; readonly action: string }[];
}

it('N12: a sweep of 200 killed at 57 %, one value more, resumed: only the missing trials run, under their names', async () => {
  const tree = new Tree({ 'sweep.yaml': yaml(VALUES) });
  execFileSync('mkfifo', [tree.path('started')]);
  writeFileSync(tree.path('block'), '');
  const running = tree.start(['run', 'sweep.yaml', '-j', '1']);
  await readFile(tree.path('started'));
  running.kill('SIGKILL');
  await running.done;
  rmSync(tree.path('block'));
  // In front, so that every position moves.
  tree.write('sweep.yaml', yaml([1000, ...VALUES]));
  const { code, document } = await tree.json('run', 'sweep.yaml', '-j', '4');
  expect(code).toBe(0);
  const { stages } = document as Document;
  const ran = stages.filter(({ action }) => action === 'ran').map(({ id }) => id);
  const missing = [1000, ...VALUES.filter((n) => n >= KILLED_AT)].map((n) => `trial[n=${n}]`);
  expect(ran.toSorted()).toEqual(missing.toSorted());
  expect(stages).toHaveLength(201);
  for (const n of [1, KILLED_AT, 200, 1000]) expect(tree.read(`out/sweep/all/n=${n}`)).toBe(`${n}\n`);
});
