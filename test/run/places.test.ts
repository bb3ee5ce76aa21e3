import { expect, it } from 'vitest';
import type { StageId } from '../../base/ids.ts';
import type { Event } from '../../engine/event.ts';
import { announcePlaces } from '../../engine/run/places.ts';

const HOUR = 3_600_000;

/** What is told of an attempt that is first seen while it runs, by a host whose clock is off by so much. */
function seen(skew: number, submitted: number | undefined): { since: number; queued: number } {
  const events: Event[] = [];
  const capabilities = { queues: true, survivesEngine: true };
  const adopted = submitted === undefined ? undefined : { at: submitted };
  const placed = { profile: 'there', executor: { capabilities } };
  const places = announcePlaces(
    { emit: (event) => void events.push(event) },
    { id: 'a' as StageId } as Parameters<typeof announcePlaces>[1],
    { host: 'gpu1' } as Parameters<typeof announcePlaces>[2],
    placed as unknown as Parameters<typeof announcePlaces>[3],
    adopted as Parameters<typeof announcePlaces>[4],
  );
  places.state({ kind: 'running', since: Date.now() + skew });
  const [placedThere] = events;
  if (placedThere?.type !== 'stage-placed') throw new Error('nothing was told');
  return { since: placedThere.since ?? 0, queued: places.queued() };
}

it.each([HOUR, -HOUR])(
  'a clock there that is off by %i ms makes no queue time and no start out of the run',
  (skew) => {
    const before = Date.now();
    const { since, queued } = seen(skew, undefined);
    expect(since).toBeGreaterThanOrEqual(before);
    expect(since).toBeLessThanOrEqual(Date.now());
    expect(queued).toBeLessThan(60);
  },
);

it('an adopted attempt began after its submission, and before now', () => {
  const submitted = Date.now() - 10_000;
  expect(seen(-HOUR, submitted)).toEqual({ since: submitted, queued: 0 });
  expect(seen(HOUR, submitted).queued).toBeLessThan(60);
});

it('an engine whose clock was put back counts nothing below zero', () => {
  expect(seen(0, Date.now() + HOUR).queued).toBe(0);
});
