import { describe, expect, it } from 'vitest';
import { graphOf, problemsOf, stageOf } from './rig.ts';

/** Each of these took minutes, or the stack, with one quadratic or recursive step. */
describe('ten thousand stages', () => {
  const N = 10_000;

  it('in a chain', async () => {
    const lines = Array.from(
      { length: N },
      (_, i) => `  s${i}: { run: [t], in: { ${i + 1 < N ? `x: s${i + 1}.o` : ''} }, out: { o: file } }`,
    );
    const graph = await graphOf(`stages:\n${lines.join('\n')}\n`);
    expect([graph.stages[0]?.id, graph.stages.at(-1)?.id]).toEqual([`s${N - 1}`, 's0']);
  });

  it('in a sweep that all take, sharing one list', async () => {
    const graph = await graphOf(
      `with: { seeds: [${[...Array(N).keys()]}] }\nstages:\n  a: { matrix: { s: "\${with.seeds}" }, run: [t, "\${matrix.s}"], out: { o: file } }\n  b: { matrix: a, run: [t, "\${matrix.s}"], in: { x: "a[*].o", y: a.o } }\n`,
    );
    expect(graph.stages).toHaveLength(2 * N);
    const lists = ['b[s=0]', 'b[s=1]'].map((id) => stageOf(graph, id).in['x']);
    const [first, second] = lists.map((binding) => (binding?.arity === 'many' ? binding.items : undefined));
    expect(first).toHaveLength(N);
    expect(first).toBe(second);
  });

  it('that are all wrong', async () => {
    const lines = Array.from({ length: N }, (_, i) => `  s${i}: { run: [t], in: { x: t${i}.o } }`);
    expect(await problemsOf(`stages:\n${lines.join('\n')}\n`)).toHaveLength(N);
  });
});
