import fc from 'fast-check';
import { expect, test } from 'vitest';
import { draw, likeliest } from '../../stages/runtime/onnx/decode/choose.ts';
import { endings } from '../../stages/runtime/onnx/decode/ending.ts';
import { type Placed, placeRows } from '../../stages/runtime/onnx/decode/rows.ts';
import { letterTokenizer } from '../rigs/tiny-model.ts';

/** What `draw` promises, by sorting everything. */
function keptBySorting(weights: Float32Array, topK: number, topP: number, barred: number): Set<number> {
  let order = [...weights.keys()].filter((id) => id !== barred);
  order.sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0) || a - b);
  if (topK > 0) order = order.slice(0, topK);
  const total = order.reduce((sum, id) => sum + (weights[id] ?? 0), 0);
  let sum = 0;
  const kept = new Set<number>();
  for (const id of order) {
    if (topP < 1 && kept.size > 0 && sum >= topP * total - 1e-12) break;
    kept.add(id);
    sum += weights[id] ?? 0;
  }
  return kept;
}

// Weights of a few sizes, many of them equal: limits fall inside a bucket and among ties.
const distribution = fc.array(
  fc.integer({ min: 1, max: 40 }).map((n) => n * n),
  { minLength: 2, maxLength: 60 },
);

test('top-k and top-p keep what a full sort keeps', () => {
  fc.assert(
    fc.property(
      distribution,
      fc.nat({ max: 70 }),
      fc.constantFrom(1, 0.97, 0.5, 0.13),
      fc.integer({ min: -1, max: 1 }),
      (values, topK, topP, barred) => {
        const weights = Float32Array.from(values);
        const kept = keptBySorting(weights, topK, topP, barred);
        const drawn = new Set<number>();
        for (let step = 0; step < 2000; step++) drawn.add(draw(weights, step / 2000, { topK, topP }, barred));
        const heavy = [...kept].reduce((sum, id) => sum + (weights[id] ?? 0), 0);
        for (const id of drawn) expect(kept.has(id)).toBe(true);
        // Steps are finer than the lightest token's share, or it may be missed.
        for (const id of kept) if ((weights[id] ?? 0) / heavy > 1 / 1500) expect(drawn.has(id)).toBe(true);
      },
    ),
    { numRuns: 100 },
  );
});

test('the token that reaches the share of top-p is the last one kept', () => {
  const last = (topP: number) => draw(Float32Array.of(1, 2, 2, 2, 1), 0.999, { topK: 0, topP }, -1);
  expect([0.2, 0.25, 0.3, 0.5, 0.6, 0.75].map(last)).toEqual([1, 1, 2, 2, 3, 3]);
});

test('draws follow the weights', () => {
  const weights = Float32Array.of(1, 0, 5, 2);
  const counts = [0, 0, 0, 0];
  for (let step = 0; step < 800; step++) {
    const id = draw(weights, (step + 0.5) / 800, { topK: 0, topP: 1 }, -1);
    counts[id] = (counts[id] ?? 0) + 1;
  }
  expect(counts).toEqual([100, 0, 500, 200]);
  expect(draw(weights, 0.999999, { topK: 0, topP: 1 }, 2)).toBe(3);
});

test('the likeliest token: lowest id among equals, never the barred one', () => {
  expect(likeliest(Float32Array.of(-3, -1, -1, -2), -1)).toBe(1);
  expect(likeliest(Float32Array.of(-3, -1, -1, -2), 1)).toBe(2);
  expect(() => likeliest(Float32Array.of(Number.NaN, Number.NaN), -1)).toThrow('not finite');
  expect(() => draw(Float32Array.of(Number.NaN, 1), 0.5, { topK: 1, topP: 0.5 }, -1)).toThrow('not finite');
});

test('rows stay dense, and every sequence finds its own tokens in its row', () => {
  const forks = fc.array(fc.array(fc.nat({ max: 5 }), { maxLength: 6 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.array(forks, { minLength: 1, maxLength: 4 }), (rounds) => {
      const memory: string[] = [];
      const searches: (Placed & { texts: string[] })[] = (rounds[0] ?? []).map((_, s) => {
        memory[s] = `${s}`;
        return { rows: [s], length: 1, texts: [`${s}`] };
      });
      let used = searches.length;
      for (const round of rounds) {
        const changes = searches.map((one, s) => {
          const live = one.rows.length;
          const parents = live === 0 ? [] : (round[s] ?? [0]).map((n) => n % live);
          return { one, steps: parents.map((parent) => ({ parent, token: 0 })) };
        });
        const wanted = changes.map(({ one, steps }) => steps.map(({ parent }) => one.texts[parent] ?? ''));
        used = placeRows(changes, searches, used, (from, to) => {
          memory[to] = memory[from] ?? '';
        });
        const rows = searches.flatMap((one) => one.rows);
        expect(rows.toSorted((a, b) => a - b)).toEqual(rows.map((_, i) => i));
        expect(used).toBe(rows.length);
        for (const [s, one] of searches.entries()) {
          expect(one.rows.map((row) => memory[row])).toEqual(wanted[s]);
          // Each sequence grows: its row is written on.
          one.texts = one.rows.map((row, place) => {
            memory[row] = `${wanted[s]?.[place]}.${place}`;
            return memory[row];
          });
        }
      }
    }),
  );
});

test('a stop string that spans tokens ends at the token that completes it', () => {
  const tokenizer = letterTokenizer(30);
  const ids = [3, 4, 5, 6, 7, 4, 5];
  const text = tokenizer.decode(ids);
  const ending = endings(tokenizer, [text.slice(1, 3)]);
  expect([1, 2, 3, 4].map((n) => ending.stopped(ids.slice(0, n)))).toEqual([false, false, true, false]);
  expect(ending.cut(ids)).toEqual({ ids: [3], text: text.slice(0, 1), stop: true });
  expect(endings(tokenizer, []).cut(ids)).toEqual({ ids, text, stop: false });
});
