/** How long a job shows no life, by our own clock. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Records } from '../../../engine/executors/records/records.ts';
import type { Word } from '../../../engine/executors/records/state.ts';
import { following } from '../../../engine/executors/scheduled/following.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const GRACE = 60_000;
const NOBODY: Word = { kind: 'nobody' };
const records = (beat: string): Records => ({
  started: true,
  start: undefined,
  exit: undefined,
  batch: undefined,
  gang: false,
  beat,
  skew: 0,
});

it('one that nobody knows is lost after its patience, and not before', () => {
  const { state } = following(GRACE);
  expect(state('a', records('1'), NOBODY).kind).toBe('running');
  vi.advanceTimersByTime(GRACE - 1);
  expect(state('a', records('1'), NOBODY).kind).toBe('running');
  vi.advanceTimersByTime(1);
  expect(state('a', records('1'), NOBODY).kind).toBe('lost');
});

it('one whose heart beats is not, however long its scheduler does not know it', () => {
  const { state } = following(GRACE);
  for (let beat = 0; beat < 20; beat++) {
    expect(state('a', records(String(beat)), NOBODY).kind).toBe('running');
    vi.advanceTimersByTime(10_000);
  }
});

it.each<Word>([{ kind: 'silent', why: 'No answer.' }, { kind: 'running' }, { kind: 'queued' }])(
  'the word %j makes it wait anew',
  (word) => {
    const { state } = following(GRACE);
    state('a', records('1'), NOBODY);
    vi.advanceTimersByTime(GRACE - 1);
    expect(state('a', records('1'), word).kind).not.toBe('lost');
    vi.advanceTimersByTime(2);
    expect(state('a', records('1'), NOBODY).kind).toBe('running');
  },
);

it('those without life are looked at again, so that their patience ends without news', () => {
  const { state, due } = following(GRACE);
  state('a', records('1'), NOBODY);
  state('b', records('1'), { kind: 'running' });
  vi.advanceTimersByTime(2000);
  expect(due()).toEqual(['a']);
});
