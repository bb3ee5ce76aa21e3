import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeRoom } from '../../../engine/executors/ssh/room.ts';

const HOSTS: { readonly [name: string]: { readonly cpus: number; readonly memory: number } } = {
  one: { cpus: 4, memory: 100 },
  other: { cpus: 2, memory: 200 },
};
const demand = (cpus: number, memory = 0) => ({ cpus, memory });
const hosts = (...names: string[]) => ({ hosts: () => names });

function started() {
  const room = makeRoom((host) => HOSTS[host]);
  const at: { [name: string]: string } = {};
  const ask = (name: string, cpus: number, ...names: string[]) =>
    room.ask({
      name,
      demand: demand(cpus),
      ...hosts(...(names.length > 0 ? names : ['one', 'other'])),
      go: (host) => {
        at[name] = host;
      },
    });
  return { room, at, ask };
}

describe('room on hosts', () => {
  it('is given where most cores are free', () => {
    const { at, ask } = started();
    for (const name of ['a', 'b', 'c']) ask(name, 1);
    expect(at).toEqual({ a: 'one', b: 'one', c: 'one' });
    ask('d', 2);
    expect(at['d']).toBe('other');
  });

  it('is kept for who waits, except from those who go elsewhere', () => {
    const { room, at, ask } = started();
    ask('small', 1, 'one');
    ask('large', 4, 'one');
    ask('late', 1, 'one');
    ask('elsewhere', 1, 'other');
    expect(at).toEqual({ small: 'one', elsewhere: 'other' });
    room.leave('small');
    expect(at['large']).toBe('one');
    room.leave('large');
    expect(at['late']).toBe('one');
  });

  it('is taken by what ran there before', () => {
    const { room, at, ask } = started();
    room.occupy('earlier', 'one', demand(4));
    ask('a', 3, 'one');
    expect(at).toEqual({});
    room.leave('earlier');
    expect(at).toEqual({ a: 'one' });
  });

  it('is never given twice, and to everybody in the end', () => {
    const asked = fc.array(
      fc.record({ cpus: fc.integer({ min: 1, max: 2 }), memory: fc.integer({ max: 100, min: 0 }) }),
      {
        maxLength: 30,
      },
    );
    fc.assert(
      fc.property(asked, fc.array(fc.nat()), (demands, order) => {
        const room = makeRoom((host) => HOSTS[host]);
        const running = new Map<string, { host: string; cpus: number; memory: number }>();
        let done = 0;
        for (const [i, { cpus, memory }] of demands.entries()) {
          room.ask({
            name: `${i}`,
            demand: { cpus, memory },
            ...hosts('one', 'other'),
            go: (host) => running.set(`${i}`, { host, cpus, memory }),
          });
        }
        for (let turn = 0; running.size > 0; turn++) {
          for (const [host, { cpus, memory }] of Object.entries(HOSTS)) {
            const own = [...running.values()].filter((each) => each.host === host);
            expect(own.reduce((sum, each) => sum + each.cpus, 0)).toBeLessThanOrEqual(cpus);
            expect(own.reduce((sum, each) => sum + each.memory, 0)).toBeLessThanOrEqual(memory);
          }
          const names = [...running.keys()];
          const name = names[(order[turn] ?? 0) % names.length] as string;
          running.delete(name);
          done += 1;
          room.leave(name);
        }
        expect(done).toBe(demands.length);
      }),
    );
  });
});
