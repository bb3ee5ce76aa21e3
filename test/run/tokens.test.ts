import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Claimant } from '../../engine/executors/gpus/claims.ts';
import type { Lease } from '../../engine/executors/gpus/lease.ts';
import { type Demand, type GpuAsk, makeTokens } from '../../engine/run/tokens.ts';

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

/** Leases of one machine for several engines, without the files: whoever has room gets them, in the order of asking. */
function leasesOf(gpus: number): { pool(): GpuAsk['pool']; turn(): void; free(): number } {
  let free = gpus;
  const line: Claimant[] = [];
  const lease = (count: number): Lease => {
    let held = true;
    const release = (): void => {
      if (held) free += count;
      held = false;
    };
    return { grant: { uuids: [], visible: '', files: [] }, release };
  };
  const turn = (): void => {
    for (const claimant of [...line]) {
      const { gpus: count } = claimant.wanted;
      if (!line.includes(claimant)) continue;
      if (count > free) claimant.waits('');
      else if (!claimant.ready()) claimant.offered();
      else {
        line.splice(line.indexOf(claimant), 1);
        free -= count;
        claimant.start(lease(count));
      }
    }
  };
  const join = (claimant: Claimant): (() => void) => {
    line.push(claimant);
    return () => void line.splice(line.indexOf(claimant), 1);
  };
  return { pool: () => ({ join, look: () => {} }), turn, free: () => free };
}

describe('tokens with GPUs', () => {
  it('engines that share GPUs never hold them while they wait for cores, and all stages of all of them end', () => {
    const stage = fc.record({ demand, gpus: fc.constantFrom(0, 0, 1, 2, 4), engine: fc.nat(2) });
    const step = fc.oneof(stage, fc.nat(20), fc.constant('look' as const));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const leases = leasesOf(4);
        const engines = [0, 1, 2].map(() => makeTokens(TOTAL));
        const running: { end: () => void; gpus: number; engine: number; wants: Demand }[] = [];
        const never = new AbortController().signal;
        let asked = 0;
        let started = 0;
        const check = (): void => {
          // What is leased is leased by stages that run.
          const held = running.reduce((sum, { gpus }) => sum + gpus, 0);
          expect(held + leases.free()).toBe(4);
          for (const at of engines.keys()) {
            const { cpus, memory } = used(
              running.filter(({ engine }) => engine === at).map(({ wants }) => wants),
            );
            expect(cpus).toBeLessThanOrEqual(TOTAL.cpus + 1e-6);
            expect(memory).toBeLessThanOrEqual(TOTAL.memory);
          }
        };
        const ask = ({
          demand: wants,
          gpus,
          engine,
        }: {
          demand: Demand;
          gpus: number;
          engine: number;
        }): void => {
          const tokens = engines[engine] as ReturnType<typeof makeTokens>;
          asked += 1;
          const start = (lease?: Lease): void => {
            started += 1;
            expect(lease === undefined).toBe(gpus === 0);
            const end = (): void => {
              lease?.release();
              tokens.release(wants);
            };
            running.push({ end, gpus, engine, wants });
          };
          const wanted = { gpus, gpuMemory: 0 };
          const some = { pool: leases.pool(), wanted, label: '', waits: () => {}, stop: never };
          tokens.request(wants, start, undefined, gpus > 0 ? some : undefined);
        };
        for (const each of steps) {
          if (each === 'look') leases.turn();
          else if (typeof each !== 'number') ask(each);
          else if (running.length > 0) running.splice(each % running.length, 1)[0]?.end();
          check();
        }
        for (let turn = 0; started < asked || running.length > 0; turn++) {
          expect(turn).toBeLessThan(1000);
          leases.turn();
          check();
          running.shift()?.end();
        }
        expect(leases.free()).toBe(4);
      }),
      { numRuns: 300 },
    );
  });

  it('a stage that gives up is started without any, and leaves nothing behind', () => {
    const leases = leasesOf(1);
    const tokens = makeTokens(TOTAL);
    const stop = new AbortController();
    const got: (Lease | undefined)[] = [];
    const wants: Demand = { cpus: 4, memory: 0, limits: {} };
    const some = { pool: leases.pool(), wanted: { gpus: 2, gpuMemory: 0 }, label: '', waits: () => {} };
    tokens.request(wants, (lease) => got.push(lease), undefined, { ...some, stop: stop.signal });
    leases.turn();
    expect(got).toEqual([]);
    stop.abort();
    expect(got).toEqual([undefined]);
    tokens.release(wants);
    tokens.request(wants, (lease) => got.push(lease));
    expect(got).toEqual([undefined, undefined]);
  });
});

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

  it('let nobody pass who wants some of the cores or the memory that another waits for', () => {
    const tokens = makeTokens(TOTAL);
    const log: string[] = [];
    const ask = (name: string, cpus: number, memory: number, limits: Demand['limits'] = {}): void =>
      tokens.request({ cpus, memory, limits }, () => log.push(name));
    const first: Demand = { cpus: 1, memory: 60, limits: { a: 2 } };
    tokens.request(first, () => log.push('first'));
    ask('waits for memory', 1, 60);
    ask('wants memory too', 1, 10);
    ask('wants none', 1, 0);
    ask('waits for cores', 3, 0);
    // It runs elsewhere, and waits for a token.
    ask('elsewhere', 0, 0, { a: 1 });
    ask('wants a core', 1, 0);
    expect(log).toEqual(['first', 'wants none']);
    tokens.release(first);
    expect(log.slice(2)).toEqual(['waits for memory', 'wants memory too', 'elsewhere']);
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
