import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { grantsOf, type Ticket } from '../../../engine/executors/gpus/tickets.ts';

const GPUS = ['a', 'b', 'c', 'd'];
const PATIENCE = 30;
const of = (number: number, count: number, since = 0, more: Partial<Ticket> = {}): Ticket => ({
  number,
  count,
  eligible: GPUS,
  since,
  ready: true,
  ...more,
});
const granted = (
  tickets: readonly Ticket[],
  free: readonly string[],
  now: number,
): { [number: string]: string } =>
  Object.fromEntries(
    [...grantsOf(tickets, free, now, PATIENCE)].map(([number, uuids]) => [number, uuids.join('')]),
  );

describe('who is next', () => {
  it('is who came first, whatever the order on the disk', () => {
    expect(granted([of(3, 1), of(1, 2), of(2, 1)], ['a', 'b', 'c'], 0)).toEqual({ 1: 'ab', 2: 'c' });
  });

  it('a small one passes a large one until that has waited long enough', () => {
    expect(granted([of(1, 4), of(2, 1)], ['a', 'b', 'c'], 29)).toEqual({ 2: 'a' });
    expect(granted([of(1, 4), of(2, 1)], ['a', 'b', 'c'], 30)).toEqual({});
    expect(granted([of(1, 4), of(2, 1)], GPUS, 30)).toEqual({ 1: 'abcd' });
  });

  it('nothing is kept that the large one could not use, or that could never be enough for it', () => {
    expect(granted([of(1, 2, 0, { eligible: ['a', 'b'] }), of(2, 1)], ['a', 'c'], 99)).toEqual({ 2: 'c' });
    expect(granted([of(1, 2, 0, { eligible: ['a'] }), of(2, 1)], ['a'], 99)).toEqual({ 2: 'a' });
  });

  it('who could not start is waited for by nobody', () => {
    expect(granted([of(1, 2, 0, { ready: false }), of(2, 2)], ['a', 'b'], 99)).toEqual({ 2: 'ab' });
  });
});

const ticket = fc.record({
  count: fc.constantFrom(1, 1, 2, 4),
  eligible: fc.subarray(GPUS, { minLength: 1 }).filter((uuids) => uuids.length > 0),
  ready: fc.boolean(),
  since: fc.nat(60),
});

describe('whatever comes', () => {
  it('no GPU is given twice, none that is not free or not usable, and all that was asked for or nothing', () => {
    fc.assert(
      fc.property(fc.array(ticket, { maxLength: 8 }), fc.subarray(GPUS), fc.nat(99), (drafts, free, now) => {
        const tickets = drafts.map((draft, at) => ({ ...draft, number: at + 1 }));
        const grants = grantsOf(tickets, free, now, PATIENCE);
        const all = [...grants.values()].flat();
        expect(new Set(all).size).toBe(all.length);
        for (const [number, uuids] of grants) {
          const asked = tickets[number - 1] as Ticket;
          expect(asked.ready).toBe(true);
          expect(uuids).toHaveLength(asked.count);
          for (const uuid of uuids) expect(asked.eligible.includes(uuid) && free.includes(uuid)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('every request is met in the end, however many others come: each job lasts 10, one more comes each 3', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(1, 2, 4), { minLength: 1, maxLength: 6 }),
        fc.constantFrom(1, 2, 4),
        fc.infiniteStream(fc.constantFrom(1, 1, 1, 2, 4)),
        (before, wanted, after) => {
          let waiting: Ticket[] = before.map((count, at) => of(at + 1, count));
          const oldest = of(before.length + 1, wanted);
          waiting.push(oldest);
          let number = before.length + 2;
          const running: { uuids: readonly string[]; until: number }[] = [];
          // Those before it and itself: each waits for its patience, and then for what runs to end.
          const limit = (before.length + 1) * (PATIENCE + 2 * 10);
          for (let now = 0; waiting.includes(oldest); now++) {
            expect(now).toBeLessThanOrEqual(limit);
            for (let at = running.length - 1; at >= 0; at--)
              if ((running[at]?.until ?? 0) <= now) running.splice(at, 1);
            if (now % 3 === 0) waiting.push(of(number++, after.next().value, now));
            const held = new Set(running.flatMap(({ uuids }) => uuids));
            const grants = grantsOf(
              waiting,
              GPUS.filter((uuid) => !held.has(uuid)),
              now,
              PATIENCE,
            );
            for (const uuids of grants.values()) running.push({ uuids, until: now + 10 });
            waiting = waiting.filter((each) => !grants.has(each.number));
            const all = running.flatMap(({ uuids }) => uuids);
            expect(new Set(all).size).toBe(all.length);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});
