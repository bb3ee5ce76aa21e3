/** Engines of one machine that look in turns, whatever the order. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { thisProcess } from '../../../cache/owner.ts';
import { type Claim, type Party, serveClaims } from '../../../engine/executors/gpus/claims.ts';
import type { Gpu } from '../../../engine/executors/gpus/gpu.ts';
import type { Lease, Look } from '../../../engine/executors/gpus/lease.ts';
import { parseLine } from '../../../engine/executors/gpus/line.ts';

const PATIENCE = 5000;
const GPUS: Gpu[] = ['a', 'b', 'c', 'd'].map((uuid, index) => ({ uuid, index, name: 'G', memory: 2 ** 30 }));
const KNOWN = {
  detected: { gpus: GPUS },
  leasable: { gpus: GPUS, hidden: [] },
  usage: { used: new Map<string, number>(), apps: [] },
};

/** A machine whose leases and line are as the kernel and the disk keep them. */
function machine() {
  const held = new Set<string>();
  const jobs: Lease[] = [];
  let line = '';
  let now = 100_000;
  let count = 0;
  const free = () => new Set(GPUS.map(({ uuid }) => uuid).filter((uuid) => !held.has(uuid)));

  function engine() {
    const party: Party = { id: `e${count++}`, owner: thisProcess(), folder: '/none', patience: PATIENCE };
    const claims = new Set<Claim>();
    return {
      claims,
      ask: (gpus: number, ready: () => boolean) => {
        const claimant = {
          wanted: { gpus, gpuMemory: 0, gpuType: undefined },
          label: 'x',
          ready,
          start: (lease: Lease) => {
            expect(lease.grant.uuids).toHaveLength(gpus);
            jobs.push(lease);
          },
          offered: () => {},
          waits: (why: string) => expect(why).toMatch(/^\d GPU/),
        };
        claims.add({ claimant, id: `${party.id}.${count++}`, since: now, number: undefined });
      },
      look: () => {
        const left = free();
        const look: Look = {
          now,
          line: parseLine(line),
          free: left,
          holderOf: () => undefined,
          take: (uuids) => {
            for (const uuid of uuids) {
              expect(left.delete(uuid) && !held.has(uuid), `${uuid} is given twice`).toBe(true);
              held.add(uuid);
            }
            const release = () => {
              for (const uuid of uuids) held.delete(uuid);
            };
            return { grant: { uuids, visible: '', files: [] }, release };
          },
          write: (next) => {
            line = JSON.stringify(next);
          },
        };
        serveClaims(claims, KNOWN, look, party, false);
      },
    };
  }
  return {
    engine,
    free,
    jobs,
    end: (at: number) => {
      for (const { release } of jobs.splice(at % Math.max(jobs.length, 1), 1)) release();
    },
    pass: (ms: number) => {
      now += ms;
    },
    lose: (kept: number) => {
      line = line.slice(0, kept);
    },
  };
}

const who = fc.nat(1);
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('ask' as const), who, gpus: fc.constantFrom(1, 1, 2, 3, 4) }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('look' as const), who }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('end' as const), at: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(6000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('busy' as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('die' as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const), kept: fc.nat(200) }) },
);

it('no GPU is given twice, and in the end everybody who lives has had what it asked for', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { engine, jobs, end, pass, lose } = machine();
      const engines = [engine(), engine()] as [ReturnType<typeof engine>, ReturnType<typeof engine>];
      const busy = [false, false];
      for (const each of steps) {
        switch (each.do) {
          case 'ask':
            engines[each.who]?.ask(each.gpus, () => busy[each.who] !== true);
            break;
          case 'look':
            engines[each.who]?.look();
            break;
          case 'end':
            end(each.at);
            break;
          case 'pass':
            pass(each.ms);
            break;
          case 'busy':
            busy[each.who] = !busy[each.who];
            break;
          case 'die':
            // Its jobs go on, and its places are in the line until somebody sees that nobody confirms them.
            engines[each.who] = engine();
            break;
          case 'lose':
            lose(each.kept);
        }
      }
      busy.fill(false);
      const waiting = engines[0].claims.size + engines[1].claims.size;
      const limit = 20_000 + (waiting + 1) * (PATIENCE + 2000);
      for (let ms = 0; engines.some(({ claims }) => claims.size > 0); ms += 1000) {
        expect(ms).toBeLessThan(limit);
        pass(1000);
        if (jobs.length > 0) end(0);
        for (const each of engines) each.look();
      }
    }),
    { numRuns: 300 },
  );
});

it('numbers that were given count on when the line is lost', () => {
  const { engine, end, lose, jobs } = machine();
  const one = engine();
  for (const gpus of [4, 1]) one.ask(gpus, () => true);
  one.look();
  expect(jobs).toHaveLength(1);
  lose(0);
  one.ask(2, () => true);
  one.look();
  end(0);
  one.look();
  expect(jobs.map(({ grant }) => grant.uuids)).toEqual([['a'], ['b', 'c']]);
});

it('the place of an engine that was stopped is nobody’s after a while, though its process is there', () => {
  const { engine, end, pass, jobs } = machine();
  const [stopped, other] = [engine(), engine()];
  stopped.ask(3, () => true);
  stopped.look();
  stopped.ask(4, () => true);
  stopped.look();
  end(0);
  pass(PATIENCE);
  other.ask(1, () => true);
  other.look();
  expect(jobs).toEqual([]);
  pass(15_000);
  other.look();
  expect(jobs).toHaveLength(1);
});
