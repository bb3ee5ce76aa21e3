import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Demand, makeTokens } from '../../engine/run/tokens.ts';

const TOTAL: Demand = { cpus: 4, memory: 100, limits: { a: 2, b: 3 } };

const demand: fc.Arbitrary<Demand> = fc.record({
  cpus: fc.constantFrom(0.1, 0.3, 1, 2, 4, 9),
  memory: fc.constantFrom(0, 0, 10, 60, 400),
  limits: fc.constantFrom<Demand['limits']>({}, {}, { a: 1 }, { a: 2 }, { b: 3 }, { a: 1, b: 1 }),
});

function used(running: readonly Demand[]): Demand {
  const sum = (pick: (each: Demand) => number): number => running.reduce((all, each) => all + pick(each), 0);
  return {
    cpus: sum(({ cpus }) => Math.min(cpus, TOTAL.cpus)),
    memory: sum(({ memory }) => Math.min(memory, TOTAL.memory)),
    limits: { a: sum(({ limits }) => limits['a'] ?? 0), b: sum(({ limits }) => limits['b'] ?? 0) },
  };
}

describe('tokens', () => {
  it('never give more than there is, give all back, and start every request while others come and go', async () => {
    const step = fc.oneof(demand, fc.nat(20));
    await fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const tokens = makeTokens(TOTAL);
        const running: Demand[] = [];
        let asked = 0;
        let started = 0;
        const end = (at: number): void => {
          const [one] = running.splice(at % running.length, 1);
          if (one !== undefined) tokens.release(one);
        };
        for (const each of steps) {
          if (typeof each === 'number') {
            if (running.length > 0) end(each);
          } else {
            asked += 1;
            tokens.request(each, () => {
              started += 1;
              running.push(each);
            });
          }
          const { cpus, memory, limits } = used(running);
          expect(cpus).toBeLessThanOrEqual(TOTAL.cpus + 1e-6);
          expect(memory).toBeLessThanOrEqual(TOTAL.memory);
          expect(limits['a']).toBeLessThanOrEqual(2);
          expect(limits['b']).toBeLessThanOrEqual(3);
        }
        while (running.length > 0) end(0);
        expect(started).toBe(asked);
        // Nothing leaked: the whole machine is free for one that wants all of it.
        let whole = false;
        tokens.request(TOTAL, () => {
          whole = true;
        });
        expect(whole).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('start the oldest after at most as many ends as there are running, whoever comes later', () => {
    fc.assert(
      fc.property(
        fc.array(demand, { minLength: 1, maxLength: 8 }),
        demand,
        demand,
        (first, oldest, young) => {
          const tokens = makeTokens(TOTAL);
          const running: Demand[] = [];
          const take = (each: Demand) => (): void => void running.push(each);
          for (const each of first) tokens.request(each, take(each));
          let begun = false;
          tokens.request(oldest, () => {
            begun = true;
            running.push(oldest);
          });
          // All that came before it end, and each time one more of the young ones comes.
          for (let turn = 0; turn < 40 && !begun; turn++) {
            tokens.request(young, take(young));
            const one = running.shift();
            if (one !== undefined) tokens.release(one);
          }
          expect(begun).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('let those pass who need none of what another waits for', () => {
    const tokens = makeTokens(TOTAL);
    const log: string[] = [];
    const ask = (name: string, limits: Demand['limits']): void =>
      tokens.request(
        { cpus: 1, memory: 0, limits },
        () => log.push(name),
        (names) => log.push(`${name} waits for ${names.join()}`),
      );
    ask('one', { a: 2 });
    ask('two', { a: 1 });
    ask('three', {});
    ask('four', { a: 1, b: 1 });
    tokens.release({ cpus: 1, memory: 0, limits: { a: 2 } });
    expect(log).toEqual(['one', 'two waits for a', 'three', 'four waits for a', 'two', 'four']);
  });
});
