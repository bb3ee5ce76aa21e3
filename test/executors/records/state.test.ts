/** What is known of an attempt: its own record first, its scheduler's word second, and an end only from one of them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExit, type Records } from '../../../engine/executors/records/records.ts';
import { stateOf, type Word } from '../../../engine/executors/records/state.ts';

const NONE: Records = {
  started: false,
  start: undefined,
  exit: undefined,
  batch: undefined,
  gang: false,
  beat: undefined,
  skew: 0,
};
const start = {
  host: 'h',
  node: 'n1',
  pid: 1,
  born: '2',
  boot: 'b',
  id: '7',
  restarts: 0,
  gpus: ['0'],
  at: 100_000,
};
const BEGUN: Records = { ...NONE, started: true, start, beat: '1' };
const record = (text: string): Records => ({ ...BEGUN, exit: parseExit(text) });
const over = (cause?: 'oom' | 'preempted' | 'cancelled' | 'node-lost', code?: number): Word => ({
  kind: 'over',
  said: 'it said so',
  cause,
  code,
});
const state = (records: Records, word: Word, gone = 0) => stateOf(records, word, { gone, grace: 60_000 });

const OK = record('{"code":0}');
const ASKED = record('{"code":null,"signal":"SIGTERM","asked":"TERM"}');
const KILLED = record('{"code":null,"signal":"SIGKILL"}');

describe('with an exit record', () => {
  it.each<[string, Records, Word, object]>([
    ['success counts over any word', OK, over('preempted'), { kind: 'exited', code: 0 }],
    ['success counts without a word', OK, { kind: 'silent', why: 'away' }, { kind: 'exited', code: 0 }],
    ['a code is a code', record('{"code":3}'), { kind: 'running' }, { kind: 'exited', code: 3 }],
    [
      'its own time limit',
      record('{"code":143,"cause":"timeout"}'),
      { kind: 'not-asked' },
      { code: 143, cause: 'timeout' },
    ],
    [
      'a missing program',
      record('{"code":127,"missing":"ENOENT"}'),
      { kind: 'not-asked' },
      { kind: 'not-started', code: 'ENOENT' },
    ],
    [
      'of a part on another node, which the launcher does not tell',
      { ...record('{"code":1}'), gang: true },
      over('oom', 1),
      { kind: 'exited', code: 1, cause: 'oom' },
    ],
    [
      'of a stage on several nodes that failed by itself',
      { ...record('{"code":1}'), gang: true },
      over(undefined, 1),
      { kind: 'exited', code: 1 },
    ],
    [
      'asked by the scheduler, which took the node',
      ASKED,
      over('preempted'),
      { signal: 'SIGTERM', cause: 'preempted' },
    ],
    ['asked by somebody', ASKED, { kind: 'nobody' }, { cause: 'cancelled' }],
    [
      'warned of a limit of its place',
      record('{"code":5,"asked":"USR2"}'),
      over(),
      { kind: 'exited', code: 5, cause: 'timeout' },
    ],
    ['warned, and well', record('{"code":0,"asked":"USR2"}'), over(), { kind: 'exited', code: 0 }],
    ['killed for memory', KILLED, over('oom'), { signal: 'SIGKILL', cause: 'oom' }],
    ['killed by nobody knows whom', KILLED, { kind: 'nobody' }, { kind: 'signalled', signal: 'SIGKILL' }],
  ])('%s', (_, records, word, exit) => {
    expect(state(records, word)).toMatchObject({ kind: 'ended', exit });
  });

  it('waits for the word of who asked for the end, but not for ever', () => {
    expect(state(ASKED, { kind: 'silent', why: 'away' })).toEqual({ kind: 'unknown', why: 'away' });
    expect(state(ASKED, { kind: 'running' }, 1000)).toMatchObject({ kind: 'running' });
    expect(state(ASKED, { kind: 'running' }, 16_000)).toMatchObject({
      kind: 'ended',
      exit: { cause: 'cancelled' },
    });
    expect(state(ASKED, { kind: 'queued', why: 'BeginTime' })).toMatchObject({ kind: 'queued' });
  });
});

describe('without one', () => {
  it('nobody is failed because nobody could be asked', () => {
    for (const records of [NONE, BEGUN]) {
      expect(state(records, { kind: 'silent', why: 'away' }, 1e9)).toEqual({ kind: 'unknown', why: 'away' });
    }
  });

  it('it is lost only after the grace', () => {
    expect(state(NONE, { kind: 'nobody' }, 59_999)).toEqual({ kind: 'queued' });
    expect(state(BEGUN, { kind: 'nobody' }, 59_999)).toMatchObject({
      kind: 'running',
      host: 'n1',
      gpus: ['0'],
    });
    expect(state(BEGUN, { kind: 'nobody' }, 60_000)).toMatchObject({
      kind: 'lost',
      evidence: expect.stringContaining('n1'),
    });
    expect(state(BEGUN, over(undefined, 0), 60_000)).toMatchObject({ kind: 'lost' });
    expect(state(BEGUN, over(undefined, 76), 59_999)).toMatchObject({ kind: 'running' });
    expect(state(BEGUN, over(undefined, 76), 60_000)).toMatchObject({
      kind: 'lost',
      evidence: expect.stringContaining('twice'),
    });
  });

  it('the scheduler says why; a record may come a little later', () => {
    expect(state(BEGUN, over('node-lost'), 2999)).toMatchObject({ kind: 'running' });
    expect(state(BEGUN, over('node-lost'), 3000)).toMatchObject({
      kind: 'ended',
      exit: { kind: 'vanished', cause: 'node-lost' },
    });
    expect(state(NONE, over('cancelled'))).toMatchObject({ kind: 'ended', exit: { cause: 'cancelled' } });
    const given: Word = { kind: 'over', said: 'it said so', cause: 'cancelled', given: true };
    expect(state(NONE, given, 2999)).toMatchObject({ kind: 'queued' });
    expect(state(NONE, given, 3000)).toMatchObject({ exit: { cause: 'launch-failed' } });
    expect(state(BEGUN, given, 3000)).toMatchObject({ exit: { cause: 'cancelled' } });
    expect(state(NONE, over(undefined, 127), 60_000)).toMatchObject({ exit: { cause: 'launch-failed' } });
  });

  it('the clock of another machine is corrected and told', () => {
    const ahead = { ...BEGUN, skew: 40_000 };
    expect(state(ahead, { kind: 'running' })).toMatchObject({ since: 60_000 });
    expect(state(ahead, { kind: 'nobody' }, 60_000)).toMatchObject({
      evidence: expect.stringContaining('40 s ahead'),
    });
  });
});

describe('whatever is seen', () => {
  const records = fc.constantFrom(NONE, { ...NONE, started: true }, BEGUN, OK, ASKED, KILLED);
  const gone = fc.nat(120_000);
  const silent: Word = { kind: 'silent', why: 'away' };

  it('nothing ends because nobody could be asked', () => {
    fc.assert(
      fc.property(records, gone, (each, ms) => {
        const { kind } = state(each, silent, ms);
        expect(kind).toBe(each === OK ? 'ended' : 'unknown');
      }),
    );
  });

  it('nothing is lost that left a record of its end, or goes on by its scheduler, or is gone for a moment', () => {
    const words: Word[] = [silent, { kind: 'nobody' }, { kind: 'running' }, { kind: 'queued' }];
    const word = fc.constantFrom(
      ...words,
      { kind: 'not-asked' } as const,
      over(),
      over('oom'),
      over('cancelled', 76),
    );
    fc.assert(
      fc.property(records, word, gone, (each, said, ms) => {
        if (state(each, said, ms).kind !== 'lost') return;
        expect(each.exit).toBeUndefined();
        expect(['nobody', 'over']).toContain(said.kind);
        expect(ms).toBeGreaterThanOrEqual(60_000);
      }),
    );
  });
});
