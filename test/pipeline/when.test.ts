import { describe, expect, it } from 'vitest';
import { graphOf, load } from './rig.ts';

const conditional = (
  when: string,
  parameters = '{ size: small, n: 1, flag: true, list: [1, "2"] }',
): string => `with: ${parameters}\nstages:\n  s: { run: [a], when: ${when} }\n`;

async function takesPart(when: string): Promise<boolean> {
  const { stages, leftOut } = await graphOf(conditional(when));
  expect(stages.length + leftOut.length).toBe(1);
  return stages.length === 1;
}

describe('when', () => {
  it.each([
    ['true', true],
    ['"${with.flag}"', true],
    ['"${with.size} == small"', true],
    ['"${with.size} == large"', false],
    ['"${with.size} != large"', true],
    ['"${with.n} == 1.0"', true],
    [`'\${with.n} == "1"'`, false],
    ['"1 in ${with.list}"', true],
    ['"2 in ${with.list}"', false],
    ['"${with.size} in [tiny, small]"', true],
    [`'\${with.size} in ["tiny", x]'`, false],
    ['"a-${with.n} == a-1"', true],
    ['["${with.flag}", "${with.n} == 2"]', false],
    ['[true, "${with.n} == 1"]', true],
    // The operator is read before the value is put in place.
    [`"${'${with.size}'} == ${'${with.size}'}"`, true],
  ])('%s', async (when, expected) => {
    expect(await takesPart(when)).toBe(expected);
  });

  it('cannot be changed by what a parameter holds', async () => {
    const graph = await graphOf(conditional('"${with.size} == small"', '{ size: "x == x" }'));
    expect(graph.leftOut[0]?.reason).toBe('when: ${with.size} == small does not hold ("x == x")');
  });

  it('takes along what cannot be without the stage, and no more', async () => {
    const loaded = await load(`with: { big: false }
stages:
  a: { run: [a], when: "\${with.big}", in: { rows: ./not-there.jsonl }, out: { o: file } }
  b: { run: [b], out: { o: file } }
  needs: { run: [c], in: { o: a.o }, out: { o: file } }
  after: { run: [c], in: { o: needs.o }, out: { o: file } }
  map: { run: [c], in: { all: { a: a.o, b: b.o } }, out: { o: file } }
  list: { run: [c], in: { all: [a.o, needs.o] }, out: { o: file } }
out: { map: map.o, gone: after.o, part: [a.o, b.o] }
`);
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
    const { graph, warnings } = loaded.value;
    expect(graph.stages.map(({ id }) => id)).toEqual(['b', 'map']);
    expect(graph.stages[1]?.in).toEqual({
      all: {
        arity: 'many',
        form: 'map',
        items: [['b', { kind: 'output', stage: 'b', output: 'o' }]],
      },
    });
    expect(graph.leftOut).toMatchObject([
      { id: 'a', reason: 'when: ${with.big} is false', missedBy: ['map.all'] },
      { id: 'needs', reason: 'needs a' },
      { id: 'after', reason: 'needs needs' },
      { id: 'list', reason: 'needs a' },
    ]);
    expect(Object.keys(graph.out)).toEqual(['map', 'part']);
    expect(warnings.map(({ code, message }) => `${code} ${message}`)).toEqual([
      'output-left-out Output "gone" is left out: after takes no part.',
      'output-left-out A part of output "part" is left out: a takes no part.',
    ]);
  });

  it('leaves members of a matrix out, and an optional input of a kind is null', async () => {
    const graph = await graphOf(`stages:
  data: { uses: data, in: { transcripts: ./rows.jsonl } }
  m: { run: [x], matrix: { n: [1, 2, 3] }, when: "\${matrix.n} in [1, 3]", out: { o: file } }
  all: { run: [y], in: { m: "m[*].o" }, out: { o: file } }
  first: { uses: train, when: false, in: { records: data.train }, with: { lr: 1 } }
  then: { uses: train, in: { records: data.train, model: first.model }, with: { lr: 1 } }
`);
    expect(graph.stages.map(({ id }) => id)).toEqual(['data', 'm[n=1]', 'm[n=3]', 'all', 'then']);
    expect(graph.leftOut.map(({ id, missedBy }) => [id, missedBy])).toEqual([
      ['m[n=2]', ['all.m']],
      ['first', ['then.model']],
    ]);
    expect(Object.keys(graph.stages[4]?.in ?? {})).toEqual(['records']);
  });
});
