import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { labels, workshop } from '../rigs/workshop.ts';

interface Node {
  /** Upstream stages, by number. */
  readonly reads: readonly number[];
  /** Keeps only its first byte: then a change upstream may end here. */
  readonly cuts: boolean;
}

function yamlOf(nodes: readonly Node[], words: readonly string[]): string {
  const stages = nodes.map(({ reads, cuts }, i) => {
    const inputs = reads.map((from) => `i${from}: s${from}.o`).join(', ');
    const cat = reads.map((from) => `cat \${in.i${from}}; `).join('');
    const line = `(echo \${with.word}; ${cat}) | ${cuts ? 'head -c 1' : 'cat'} > \${out.o}`;
    return `  s${i}: { run: ${JSON.stringify(line)}, in: { ${inputs} }, with: { word: ${words[i]} }, out: { o: file } }`;
  });
  return `name: any\nstages:\n${stages.join('\n')}\nout: { last: s${nodes.length - 1}.o }\n`;
}

const graph = fc.integer({ min: 2, max: 5 }).chain((size) =>
  fc.tuple(
    fc.tuple(
      ...Array.from({ length: size }, (_, i) =>
        fc.record({
          reads: i === 0 ? fc.constant([]) : fc.subarray([...Array(i).keys()]),
          cuts: fc.boolean(),
        }),
      ),
    ),
    fc.array(fc.array(fc.constantFrom('a', 'ab', 'b'), { minLength: size, maxLength: size }), {
      minLength: 2,
      maxLength: 3,
    }),
  ),
);

const ALLOWED = {
  run: ['ran'],
  fresh: ['fresh'],
  restore: ['restored'],
  maybe: ['ran', 'fresh', 'restored'],
};

describe('a plan', () => {
  it('keeps its promise: all of run, some of maybe, nothing else; and then nothing', async () => {
    await fc.assert(
      fc.asyncProperty(graph, async ([nodes, versions]) => {
        const w = workshop({});
        for (const words of versions) {
          w.write('p.yaml', yamlOf(nodes, words));
          const planned = labels(await w.plan());
          const { result } = await w.run();
          expect(result.outcome).toBe('done');
          const made = new Set(result.stages.filter(({ action }) => action === 'ran').map(({ key }) => key));
          for (const { id, action, key } of result.stages) {
            const label = planned[id] as keyof typeof ALLOWED;
            // Two stages with the same work: either may be the one that does it.
            const kept = ALLOWED[label].includes(action) || (label === 'run' && made.has(key));
            expect({ id, label, action, kept }).toMatchObject({ kept: true });
          }
          expect(new Set(Object.values(labels(await w.plan())))).toEqual(new Set(['fresh']));
        }
      }),
      { numRuns: 10 },
    );
  });
});
