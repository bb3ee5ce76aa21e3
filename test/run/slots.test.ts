/** How many attempts of a profile are elsewhere at a time. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ok } from '../../base/result.ts';
import { makeSlots } from '../../engine/run/slots.ts';
import type { Profile } from '../../engine/settings/profiles.ts';
import { FOLDER, folderExecutor, jobsIn, mark } from '../rigs/folder-executor.ts';
import { workshop } from '../rigs/workshop.ts';

afterEach(() => void vi.useRealTimers());

/** Which of so many have begun, in order. */
function stand(count: number, most: number, together: boolean) {
  const halt = new AbortController();
  const slots = makeSlots(halt.signal);
  const slot = { profile: 'p', most, together };
  const begun: number[] = [];
  for (let i = 0; i < count; i++) slots.take(slot, () => void begun.push(i));
  return { halt, slots, slot, begun, give: (n = 1) => Array.from({ length: n }, () => slots.give(slot)) };
}

describe('slots', () => {
  it('are given in order, as many as there are', () => {
    const { begun, give } = stand(5, 2, false);
    expect(begun).toEqual([0, 1]);
    give();
    expect(begun).toEqual([0, 1, 2]);
    give(2);
    expect(begun).toEqual([0, 1, 2, 3, 4]);
  });

  it('are of one profile each', () => {
    const { begun, slots } = stand(3, 1, false);
    slots.take({ profile: 'q', most: 1, together: false }, () => void begun.push(9));
    expect(begun).toEqual([0, 9]);
  });

  it('are filled together where there are arrays: a tenth of them, or after a while', () => {
    vi.useFakeTimers();
    const { begun, give } = stand(100, 40, true);
    expect(begun).toHaveLength(40);
    give(3);
    expect(begun).toHaveLength(40);
    give();
    expect(begun).toHaveLength(44);
    give();
    vi.advanceTimersByTime(2000);
    expect(begun).toHaveLength(45);
    give(40);
    expect(begun).toHaveLength(85);
  });

  it('are left by all who wait when nothing is to begin', () => {
    const { halt, begun, slots, slot } = stand(5, 2, true);
    halt.abort();
    expect(begun).toEqual([0, 1, 2, 3, 4]);
    slots.take(slot, () => void begun.push(9));
    expect(begun).toContain(9);
  });
});

describe('a profile with jobs', () => {
  const profile = (jobs: number): Profile => {
    return { name: 'folder', settings: FOLDER, resources: {}, jobs, kinds: new Map(), stages: new Map() };
  };

  function bench() {
    const w = workshop({
      'p.yaml':
        'name: p\nstages: { a: { matrix: { n: [1, 2, 3, 4, 5] }, run: "echo ${matrix.n} > ${out.o}", out: { o: file } } }\nout: { o: "a[*].o" }\n',
    });
    const folder = w.path('scheduler');
    const executor = folderExecutor(folder);
    const out: number[] = [];
    const open = async () =>
      ok({
        ...executor,
        submit: (submissions: Parameters<typeof executor.submit>[0]) => {
          const answer = executor.submit(submissions);
          out.push(jobsIn(folder).filter((name) => !existsSync(join(folder, name, 'exit'))).length);
          return answer;
        },
      });
    return { w, folder, out, open };
  }

  it('takes no cores of this machine', async () => {
    const { w, folder, open } = bench();
    mark(folder, 'held');
    const options = { profiles: new Map([['folder', profile(2)]]), profile: 'folder', open, jobs: 1 };
    const next = w.run(options);
    await expect.poll(() => jobsIn(folder).length).toBe(2);
    rmSync(join(folder, 'held'));
    await next;
  });

  it('has that many there at a time, and all of them in the end', async () => {
    const { w, folder, out, open } = bench();
    mark(folder, 'held');
    const next = w.run({ profiles: new Map([['folder', profile(2)]]), profile: 'folder', open });
    await expect.poll(() => jobsIn(folder).length, { timeout: 20_000 }).toBe(2);
    rmSync(join(folder, 'held'));
    const ran = await next;
    expect(new Set(Object.values(ran.actions))).toEqual(new Set(['ran']));
    expect(jobsIn(folder)).toHaveLength(5);
    expect(Math.max(...out)).toBe(2);
    expect(ran.of('stage-waiting').map(({ detail }) => detail)).toEqual(
      Array.from({ length: 3 }, () => '2 attempts are on folder, its jobs: at a time'),
    );
  });

  it('lets a run that is stopped go at once', async () => {
    const { w, folder, open } = bench();
    const stop = new AbortController();
    mark(folder, 'held');
    const ran = await w.run({
      profiles: new Map([['folder', profile(1)]]),
      profile: 'folder',
      open: async () => {
        const opened = await open();
        // Nothing has begun: it is gone as soon as it is told.
        return ok({
          ...opened.value,
          poll: async (handles: readonly { readonly name: string }[]) =>
            new Map(
              handles.map(({ name }) => [
                name,
                stop.signal.aborted
                  ? ({
                      kind: 'ended',
                      exit: { kind: 'vanished', cause: 'cancelled', evidence: 'x' },
                    } as const)
                  : ({ kind: 'queued' } as const),
              ]),
            ),
        });
      },
      stop: stop.signal,
      hear: ({ type }) => {
        if (type === 'stage-placed') stop.abort();
      },
    });
    rmSync(join(folder, 'held'));
    expect(ran.result.outcome).toBe('interrupted');
    expect(jobsIn(folder)).toHaveLength(1);
    expect(new Set(Object.values(ran.actions))).toEqual(new Set(['cancelled']));
  });
});
