import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closureOf, indexGraph } from '../../engine/plan/index.ts';
import { selectTargets, targetsUntil } from '../../engine/plan/targets.ts';
import { graphOf } from '../pipeline/rig.ts';

/** Stage i reads the stages of `reads[i]`, all before it. */
function yamlOf(reads: readonly (readonly number[])[]): string {
  const lines = reads.map((from, i) => {
    const inputs = from.map((n) => `i${n}: s${n}.o`).join(', ');
    return `  s${i}: { run: [a], in: { ${inputs} }, out: { o: file } }\n`;
  });
  return `stages:\n${lines.join('')}`;
}

const reads = fc
  .array(fc.array(fc.nat(6), { maxLength: 3 }), { minLength: 1, maxLength: 7 })
  .map((all) => all.map((from, i) => [...new Set(from.filter((n) => n < i))]));

describe('--until', () => {
  it('leaves all that the targets need, but nothing after the stage', async () => {
    await fc.assert(
      fc.asyncProperty(reads, fc.array(fc.nat(6)), fc.array(fc.nat(6)), async (all, named, until) => {
        const graph = await graphOf(yamlOf(all));
        const index = indexGraph(graph);
        const words = (picked: readonly number[]): string[] => [
          ...new Set(picked.map((n) => `s${n % all.length}`)),
        ];
        const targets = selectTargets(graph, words(named));
        if (!targets.ok) throw new Error('targets');
        const left = targetsUntil(graph, targets.value, words(until));
        if (!left.ok) throw new Error('until');
        const stops = new Set(words(until));
        const isAfter = (id: string): boolean =>
          (index.upstream.get(id as never) ?? []).some((above) => stops.has(above) || isAfter(above));
        const expected = closureOf(index, targets.value).filter(({ id }) => !isAfter(id));
        expect(closureOf(index, left.value).map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
      }),
      { numRuns: 50 },
    );
  });

  it('names a stage that there is', async () => {
    const graph = await graphOf(yamlOf([[], [0]]));
    const left = targetsUntil(graph, [], ['s7']);
    expect(left.ok ? [] : left.error.map(({ code }) => code)).toEqual(['unknown-stage']);
  });
});
