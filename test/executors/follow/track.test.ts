import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Handle, State } from '../../../engine/executors/contract.ts';
import type { Exit } from '../../../engine/executors/executor.ts';
import { type End, type Followed, type Tracker, track } from '../../../engine/executors/follow/track.ts';
import {
  handleOf,
  passing,
  type Script,
  scriptedExecutor,
  submissionOf,
} from '../../rigs/scripted-executor.ts';

// The clock is the one thing outside that would make these slow.
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const DONE: Exit = { kind: 'exited', code: 0 };
const ENDED: State = { kind: 'ended', exit: DONE };
const RUNNING: State = { kind: 'running' };
const UNKNOWN: State = { kind: 'unknown', why: 'The controller does not answer.' };

/** All that is heard of one attempt. */
function ear() {
  const texts = { stdout: '', stderr: '', events: '' };
  const states: State[] = [];
  const handles: Handle[] = [];
  return {
    texts,
    states,
    handles,
    watch: {
      output: (stream: 'stdout' | 'stderr', chunk: string): void => {
        texts[stream] += chunk;
      },
      events: (chunk: string): void => {
        texts.events += chunk;
      },
      submitted: (handle: Handle) => void handles.push(handle),
      state: (state: State) => void states.push(state),
    },
  };
}

/** The ends of an attempt that came within so many seconds. */
async function endsOf({ done }: Followed, seconds = 600): Promise<End[]> {
  const ends: End[] = [];
  void done.then((end) => ends.push(end));
  await vi.advanceTimersByTimeAsync(seconds * 1000);
  return ends;
}

function tracked(
  scripts: { readonly [name: string]: Script },
  options: Parameters<typeof scriptedExecutor>[1] = {},
) {
  const scripted = scriptedExecutor(scripts, options);
  const troubles: string[] = [];
  const tracker: Tracker = track(scripted.executor, ({ message }) => void troubles.push(message));
  return { ...scripted, tracker, troubles };
}

const start = (tracker: Tracker, name: string) => {
  const heard = ear();
  return { ...heard, followed: tracker.start(submissionOf(name), heard.watch) };
};

describe('whatever an executor answers', () => {
  const state = fc.constantFrom<State | 'none'>(
    { kind: 'queued' },
    { kind: 'queued', why: 'Resources' },
    RUNNING,
    UNKNOWN,
    'none',
  );
  const text = fc.string({ unit: 'grapheme', maxLength: 40 });
  const script = fc.record({
    faults: fc.nat(2),
    before: fc.array(state, { maxLength: 6 }),
    end: fc.constantFrom<State>(ENDED, { kind: 'lost', evidence: 'the node is down' }),
    stdout: text,
    stderr: text,
    events: text,
    chunk: fc.integer({ min: 1, max: 9 }),
    deaf: fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 6 }),
  });

  it('each attempt ends once, and no byte of its output is lost or told twice', async () => {
    const bytes = (of: string): Uint8Array => new TextEncoder().encode(of);
    await fc.assert(
      fc.asyncProperty(
        fc.array(script, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        fc.boolean(),
        fc.array(fc.integer({ min: 1, max: 3000 }), { maxLength: 8 }),
        async (jobs, pushes, arrays, pushed) => {
          const scripts = Object.fromEntries(
            jobs.map(({ faults, before, end, stdout, stderr, events, chunk, deaf }, at) => [
              `j${at}`,
              {
                faults,
                states: [...before, end],
                output: { stdout: bytes(stdout), stderr: bytes(stderr), events: bytes(events) },
                chunk,
                deaf,
              },
            ]),
          );
          const { tracker, overlapped, push } = tracked(scripts, { pushes, arrays });
          const followed = jobs.map((_, at) => start(tracker, `j${at}`));
          for (const [i, ms] of pushed.entries()) setTimeout(() => push(`j${i % jobs.length}`), ms);
          const ends = await Promise.all(followed.map((each) => endsOf(each.followed)));
          tracker.stop();
          expect(overlapped()).toBe(false);
          for (const [at, { end, stdout, stderr, events }] of jobs.entries()) {
            expect(ends[at]).toHaveLength(1);
            const [one] = ends[at] as [End];
            const exit = end.kind === 'ended' ? DONE : { kind: 'vanished', cause: 'node-lost' };
            expect(one).toMatchObject({ kind: 'exit', exit });
            const whole = one.kind === 'exit' && !one.cut;
            // Of a host that is gone the rest cannot be had, and that is said.
            if (end.kind === 'ended') expect(whole).toBe(true);
            const { texts, handles } = followed[at] as (typeof followed)[number];
            if (whole) expect(texts).toEqual({ stdout, stderr, events });
            expect(handles).toEqual([handleOf(`j${at}`)]);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('submissions', () => {
  it('of what becomes ready together go out in one call, a second after the first at the latest', async () => {
    const names = Array.from({ length: 30 }, (_, i) => `j${i}`);
    const { tracker, submits } = tracked({}, { arrays: true });
    for (const name of names) {
      start(tracker, name);
      await vi.advanceTimersByTimeAsync(50);
    }
    await vi.advanceTimersByTimeAsync(1000);
    expect(submits.map(({ length }) => length)).toEqual([20, 10]);
    tracker.stop();
  });

  it('go out at once where there are no arrays', async () => {
    const { tracker, submits } = tracked({});
    start(tracker, 'a');
    start(tracker, 'b');
    await vi.advanceTimersByTimeAsync(0);
    expect(submits).toEqual([['a'], ['b']]);
    tracker.stop();
  });

  it('go out one call at a time: what becomes ready meanwhile makes the next', async () => {
    const { executor, submits } = scriptedExecutor({}, { arrays: true });
    const slow = async (submissions: Parameters<typeof executor.submit>[0]) => {
      await new Promise((resolve) => setTimeout(resolve, 5000));
      return executor.submit(submissions);
    };
    const tracker = track({ ...executor, submit: slow }, () => {});
    start(tracker, 'a');
    await vi.advanceTimersByTimeAsync(1000);
    for (const name of ['b', 'c']) start(tracker, name);
    // The second call goes out when the first has come back, and takes its time itself.
    await vi.advanceTimersByTimeAsync(8000);
    expect(submits).toEqual([['a']]);
    await vi.advanceTimersByTimeAsync(2000);
    expect(submits).toEqual([['a'], ['b', 'c']]);
    tracker.stop();
  });

  it('that may pass later are made again, and people are told once', async () => {
    const { tracker, submits, troubles } = tracked({ a: { faults: 3, states: [ENDED] } });
    const { followed, states } = start(tracker, 'a');
    expect(await endsOf(followed)).toHaveLength(1);
    expect(submits).toHaveLength(4);
    expect(states[0]).toEqual({ kind: 'queued', why: 'a was not taken.' });
    expect(troubles).toEqual(['a was not taken.']);
  });
});

describe('questions', () => {
  it('come more and more rarely while nothing changes, and often again after a change', async () => {
    const { tracker, polls, turn } = tracked({ a: { states: [RUNNING] } });
    const { followed } = start(tracker, 'a');
    await vi.advanceTimersByTimeAsync(600_000);
    const quiet = polls.length;
    expect(quiet).toBeLessThan(40);
    turn('a', { states: [{ kind: 'running', host: 'n1' }, { kind: 'running', host: 'n2' }, ENDED] });
    expect(await endsOf(followed, 31)).toHaveLength(1);
    expect(polls.length).toBe(quiet + 3);
  });

  it('are not asked at all where changes are told and nothing outlives this process', async () => {
    const options = { pushes: true, survivesEngine: false };
    const { tracker, polls, push, turn } = tracked({ a: { states: [RUNNING] } }, options);
    const { followed } = start(tracker, 'a');
    await vi.advanceTimersByTimeAsync(600_000);
    expect(polls).toHaveLength(1);
    turn('a', { states: [ENDED] });
    push('a');
    expect(await endsOf(followed, 1)).toHaveLength(1);
    expect(polls).toHaveLength(2);
  });

  it('that are not answered end nothing, however long; it is said once, and again after an answer', async () => {
    const { tracker, troubles, turn } = tracked({ a: { states: [RUNNING, UNKNOWN] } });
    const { followed, states } = start(tracker, 'a');
    expect(await endsOf(followed, 86_400)).toEqual([]);
    expect(troubles).toEqual(['The controller does not answer.']);
    expect(states).toEqual([RUNNING, UNKNOWN]);
    turn('a', { states: [RUNNING, 'none', ENDED] });
    expect(await endsOf(followed)).toHaveLength(1);
    expect(troubles).toEqual(['The controller does not answer.', 'scripted did not say what became of it']);
  });

  it('go on about what could not be asked, however much happens to others', async () => {
    const { tracker, push } = tracked(
      { a: { states: [UNKNOWN, ENDED] }, b: { states: [RUNNING] } },
      { pushes: true },
    );
    const { followed } = start(tracker, 'a');
    start(tracker, 'b');
    const noise = setInterval(() => push('b'), 100);
    expect(await endsOf(followed, 5)).toHaveLength(1);
    clearInterval(noise);
    tracker.stop();
  });
});

it('the end of one whose place is gone does not wait for output that nobody can give', async () => {
  const { tracker } = tracked({
    a: { states: [{ kind: 'lost', evidence: 'gone' }], deaf: Array.from({ length: 99 }, (_, i) => i + 1) },
  });
  const { followed } = start(tracker, 'a');
  expect(await endsOf(followed, 2)).toMatchObject([{ exit: { cause: 'node-lost' }, cut: true }]);
});

describe('an attempt that is to end', () => {
  const CANCELLED = { kind: 'exit', exit: { kind: 'vanished', cause: 'cancelled' } };

  it('before it went out never does', async () => {
    const { tracker, submits } = tracked({}, { arrays: true });
    const { followed } = start(tracker, 'a');
    followed.cancel(1000);
    expect(await endsOf(followed)).toMatchObject([CANCELLED]);
    expect(submits).toEqual([]);
  });

  it('is told together with others, and with a shorter grace once more', async () => {
    const { tracker, cancels } = tracked({ a: { states: [RUNNING] }, b: { states: [RUNNING] } });
    const [a, b] = [start(tracker, 'a'), start(tracker, 'b')];
    await vi.advanceTimersByTimeAsync(1000);
    for (const { followed } of [a, b]) followed.cancel(10_000);
    for (const { followed } of [a, b]) followed.cancel(10_000);
    await vi.advanceTimersByTimeAsync(1000);
    a.followed.cancel(0);
    await vi.advanceTimersByTimeAsync(1000);
    expect(cancels).toEqual([
      { names: ['a', 'b'], grace: 10_000 },
      { names: ['a'], grace: 0 },
    ]);
    tracker.stop();
  });

  it('is told again when it does not: the word may have been lost', async () => {
    const { tracker, cancels } = tracked({ a: { states: [RUNNING] } });
    const { followed } = start(tracker, 'a');
    await vi.advanceTimersByTimeAsync(1000);
    followed.cancel(1000);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(cancels.length).toBeGreaterThan(1);
    tracker.stop();
  });

  it('and was submitted in doubt is looked for first', async () => {
    const { tracker, cancels, turn } = tracked({ a: { faults: 9, states: [ENDED] } });
    const { followed } = start(tracker, 'a');
    await vi.advanceTimersByTimeAsync(100);
    followed.cancel(1000);
    expect(await endsOf(followed)).toMatchObject([CANCELLED]);
    expect(cancels).toEqual([]);

    turn('b', { faults: 1, states: [RUNNING, RUNNING, ENDED] });
    const { tracker: other, cancels: told } = tracked({
      b: { faults: 0, states: [RUNNING, RUNNING, ENDED] },
    });
    const there = start(other, 'b');
    there.followed.cancel(1000);
    await vi.advanceTimersByTimeAsync(10);
    expect(await endsOf(there.followed)).toHaveLength(1);
    expect(told).toEqual([{ names: ['b'], grace: 1000 }]);
  });

  it('is left where nobody can be asked whether it did', async () => {
    const { tracker } = tracked({ a: { states: [RUNNING, UNKNOWN] } });
    const { followed } = start(tracker, 'a');
    await vi.advanceTimersByTimeAsync(5000);
    followed.cancel(10_000);
    expect(await endsOf(followed, 14)).toEqual([]);
    expect(await endsOf(followed, 32)).toEqual([{ kind: 'left', why: 'The controller does not answer.' }]);

    const lost = tracked({ b: { faults: 9, states: [RUNNING] } }, { lost: passing('No route to host.') });
    const doubtful = start(lost.tracker, 'b');
    await vi.advanceTimersByTimeAsync(100);
    doubtful.followed.cancel(0);
    expect(await endsOf(doubtful.followed, 40)).toEqual([{ kind: 'left', why: 'No route to host.' }]);
  });

  it('is left where its submission gets no answer', async () => {
    const { executor } = scriptedExecutor({});
    const tracker = track({ ...executor, submit: () => new Promise(() => {}) }, () => {});
    const { followed } = start(tracker, 'a');
    await vi.advanceTimersByTimeAsync(100);
    followed.cancel(10_000);
    expect(await endsOf(followed, 14)).toEqual([]);
    expect(await endsOf(followed, 2)).toEqual([{ kind: 'left', why: 'scripted does not answer' }]);
  });
});

it('one of an earlier run is heard from its beginning', async () => {
  const output = { stdout: new TextEncoder().encode('hello') };
  const { tracker, submits } = tracked({ a: { states: [ENDED], output } });
  const heard = ear();
  expect(await endsOf(tracker.adopt(handleOf('a'), heard.watch))).toHaveLength(1);
  expect(heard.texts.stdout).toBe('hello');
  expect(submits).toEqual([]);
});
