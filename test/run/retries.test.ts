import { describe, expect, it } from 'vitest';
import { RETRY_CAUSES, type Resources, type Retries, type RetryCause } from '../../engine/pipeline/graph.ts';
import { failureOf } from '../../engine/run/failure.ts';
import { freeRetry, nextRetry } from '../../engine/run/retry.ts';
import { retryAfter, type Turn } from '../../engine/run/turn.ts';
import { type Ran, type Workshop, workshop } from '../rigs/workshop.ts';

/** A stage that counts its attempts in `state/`, and ends as `ends[n]` says. */
function stubborn(ends: readonly string[], retries: string, more = ''): Workshop {
  const cases = ends.map((end, at) => `${at + 1}) ${end};;`).join(' ');
  const run = `echo try $WARREN_ATTEMPT; echo x >> $WARREN_STATE/seen; case $WARREN_ATTEMPT in ${cases} esac; cat $WARREN_STATE/seen > \${out.o}`;
  return workshop({
    'p.yaml': `name: p
stages:
  a: { run: ${JSON.stringify(run)}, out: { o: file }, retries: ${retries} ${more} }
  b: { run: "cat \${in.o} > \${out.o}", in: { o: a.o }, out: { o: file } }
out: { o: b.o }
`,
  });
}

const retried = (ran: Ran): unknown[] =>
  ran.of('stage-retrying').map(({ retry, of, cause, wait }) => [retry, of, cause, wait]);

describe('a stage with retries', () => {
  it('is tried again, with its state, until it succeeds; each attempt keeps its log', async () => {
    const w = stubborn(['exit 3', 'kill -TERM $$'], '5');
    const ran = await w.run();
    expect(ran.actions).toEqual({ a: 'ran', b: 'ran' });
    expect(retried(ran)).toEqual([
      [1, 5, 'error', 0],
      [2, 5, 'preempted', 0],
    ]);
    expect(ran.result.stages[0]).toMatchObject({ retries: 2 });
    expect(w.read('out/p/o')).toBe('x\nx\nx\n');
    const folder = `.warren/attempts/${w.list('.warren/attempts')[0]}`;
    expect(w.list(folder)).toEqual(['1', '2', '3']);
    expect([1, 2, 3].map((n) => w.read(`${folder}/${n}/log`))).toEqual(['try 1\n', 'try 2\n', 'try 3\n']);
    expect(w.list(`${folder}/3`)).toEqual(['log']);
  });

  it('fails with its last failure when it has used them up', async () => {
    const ran = await stubborn(['exit 3', 'exit 4', 'exit 5'], '2').run();
    expect(ran.result.stages[0]).toMatchObject({
      action: 'failed',
      retries: 2,
      failure: { exitCode: 5 },
    });
    expect(ran.actions).toMatchObject({ b: 'skipped' });
  });

  it.each([
    ['{ max: 3, on: [oom, 75] }', ['exit 75', 'exit 1'], [[1, 3, 'preempted', 0]]],
    ['{ max: 3, on: [7] }', ['exit 7', 'exit 8'], [[1, 3, 'error', 0]]],
    ['{ max: 3, on: [timeout] }', ['exit 7'], []],
    [
      '{ max: 3, on: [oom] }',
      [
        "echo 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory' >&2; exit 134",
        'exit 1',
      ],
      [[1, 3, 'oom', 0]],
    ],
    ['3', [`echo '{"type":"failure","failure":{"code":"bad-rows","message":"Bad."}}' >&3; exit 1`], []],
    ['3', ['exit 0'], []],
  ])('%s after %j', async (retries, ends, expected) => {
    const w = stubborn(ends, retries);
    // The last end succeeds without an output where it is `exit 0`: what the engine refuses is not tried again.
    const ran = await w.run();
    expect(ran.result.outcome).toBe('failed');
    expect(retried(ran)).toEqual(expected);
  });

  it('gets more time after a timeout, and is tried no more once another stage has failed', async () => {
    const w = stubborn(['sleep 600'], '{ max: 1, grow: { time: 1000 } }', ', resources: { time: 0.2 }');
    const again = await w.run();
    expect(retried(again)).toEqual([[1, 1, 'timeout', 0]]);
    expect(again.of('stage-retrying')).toMatchObject([{ time: 200, memory: undefined }]);

    const two = workshop({
      'p.yaml': `name: p
stages:
  a: { run: "exit 1", out: { o: file }, retries: { max: 1, wait: 10d } }
  b: { run: "exit 2", out: { o: file } }
`,
    });
    const ran = await two.run();
    expect(ran.actions).toEqual({ a: 'failed', b: 'failed' });
    expect(ran.result.stages[0]?.failure).toMatchObject({ exitCode: 1 });
  });

  it('waits without holding anything, and an interruption ends the wait', async () => {
    const stop = new AbortController();
    const w = workshop({
      'p.yaml': `name: p
limits: { one: 1 }
stages:
  a: { run: "exit 1", out: { o: file }, limits: [one], retries: { max: 1, wait: 10d } }
  b: { run: "echo > \${out.o}", out: { o: file }, limits: [one] }
`,
    });
    const ran = await w.run({
      jobs: 1,
      stop: stop.signal,
      hear: (event) => {
        if (event.type === 'stage-done' && event.stage === 'b') stop.abort();
      },
    });
    expect(ran.actions).toEqual({ a: 'cancelled', b: 'ran' });
    expect(ran.result.outcome).toBe('interrupted');
    expect(retried(ran)).toEqual([[1, 1, 'error', 864_000]]);
  });

  it('keeps its key: retries, limits and times are no part of it', async () => {
    const w = stubborn([], '0');
    await w.run();
    const changed = w
      .read('p.yaml')
      .replace('retries: 0', 'retries: 4, resources: { time: 1h }, limits: [x]');
    w.write('p.yaml', changed.replace('stages:', 'limits: { x: 1 }\nstages:'));
    expect((await w.run()).actions).toEqual({ a: 'fresh', b: 'fresh' });
  });
});

describe('the cause of a failure', () => {
  const none = { said: undefined, timedOut: undefined, time: 0, program: 'p', log: undefined };
  const quiet = { printed: false, killed: false };
  it.each([
    [{ kind: 'signalled', signal: 'SIGKILL' }, { printed: false, killed: true }, 'oom'],
    [{ kind: 'signalled', signal: 'SIGKILL' }, quiet, 'error'],
    [{ kind: 'exited', code: 137 }, { printed: false, killed: true }, 'oom'],
    [{ kind: 'signalled', signal: 'SIGABRT' }, { printed: true, killed: false }, 'oom'],
    [{ kind: 'exited', code: 1 }, { printed: true, killed: false }, 'oom'],
    [{ kind: 'exited', code: 2 }, { printed: true, killed: true }, 'error'],
    [{ kind: 'exited', code: 143 }, quiet, 'preempted'],
    [{ kind: 'not-started', code: 'ENOENT', message: '' }, quiet, 'invalid'],
  ] as const)('%j with %j', (exit, outOfMemory, cause) => {
    expect(failureOf({ ...none, exit, outOfMemory })?.cause).toBe(cause);
  });

  it.each([
    ['out-of-memory', 'oom'],
    ['bad-rows', 'invalid'],
    ['internal-error', 'error'],
  ])('that says %s', (code, cause) => {
    const exit = { kind: 'exited', code: 1 } as const;
    const said = { code, message: 'x' };
    expect(failureOf({ ...none, exit, said, outOfMemory: quiet })?.cause).toBe(cause);
  });
});

describe('what an executor says of an end', () => {
  const ending = {
    said: undefined,
    timedOut: undefined,
    time: 60,
    program: 'p',
    log: undefined,
    outOfMemory: { printed: false, killed: false },
  };
  it.each([
    ['oom', 'out-of-memory', 'oom', false],
    ['timeout', 'timeout', 'timeout', false],
    ['preempted', 'preempted', 'preempted', true],
    ['node-lost', 'node-lost', 'node-lost', true],
    ['launch-failed', 'launch-failed', 'launch-failed', true],
    ['cancelled', 'cancelled-there', 'invalid', false],
  ] as const)('%s', (said, code, cause, byPlace) => {
    const vanished = { kind: 'vanished', cause: said, evidence: 'so it says' } as const;
    const failed = failureOf({ ...ending, exit: vanished });
    expect(failed).toMatchObject({ failure: { code }, cause, byPlace });
    const killed = { kind: 'signalled', signal: 'SIGTERM', cause: said } as const;
    expect(failureOf({ ...ending, exit: killed })).toMatchObject({ failure: { code }, cause });
  });

  it('counts for more than what its stage said as it ended, but for memory', () => {
    const words = { code: 'interrupted', message: 'x' };
    const exit = (cause: 'timeout' | 'oom') => ({ kind: 'exited', code: 1, cause }) as const;
    expect(failureOf({ ...ending, said: words, exit: exit('timeout') })?.failure.code).toBe('timeout');
    expect(failureOf({ ...ending, said: words, exit: exit('oom') })).toMatchObject({
      failure: { code: 'interrupted' },
      cause: 'oom',
    });
  });

  it('of one that ended well: it has its result, unless a part of it was killed or its time was up', () => {
    const well = (cause?: 'cancelled' | 'preempted' | 'oom' | 'timeout') =>
      failureOf({ ...ending, exit: { kind: 'exited', code: 0, cause } })?.failure.code;
    expect([well(), well('cancelled'), well('preempted')]).toEqual([undefined, undefined, undefined]);
    expect([well('oom'), well('timeout')]).toEqual(['out-of-memory', 'timeout']);
  });
});

describe('what the next attempt asks for', () => {
  const resources: Resources = { cpus: 1, gpus: 0, nodes: 1, memory: 1000, gpuMemory: 0, time: 60 };
  const retries: Retries = {
    max: 9,
    on: ['oom', 'timeout', 'error'],
    grow: { memory: 1.5, time: 2 },
    wait: 5,
    backoff: 2,
  };

  it('grows by what was short, and the wait grows each time', () => {
    expect(nextRetry(retries, 0, resources, 'oom', {})).toEqual({
      number: 1,
      wait: 5,
      resources: { ...resources, memory: 1500 },
    });
    expect(nextRetry(retries, 2, resources, 'timeout', {})).toEqual({
      number: 3,
      wait: 20,
      resources: { ...resources, time: 120 },
    });
    expect(nextRetry(retries, 3, resources, 'error', {})).toMatchObject({ resources });
    expect(nextRetry(retries, 3, resources, 'preempted', {})).toBeUndefined();
    expect(nextRetry(retries, 9, resources, 'error', {})).toBeUndefined();
  });

  it('is the same after an end that its place made, five times in a row', () => {
    const always: Retries = { ...retries, max: 0, on: RETRY_CAUSES };
    const rows = [0, 1, 2, 3, 4, 5].map((row) => freeRetry(always, row, resources, 'node-lost'));
    expect(rows.map((each) => each?.wait)).toEqual([1, 2, 4, 8, 16, undefined]);
    expect(rows[0]).toMatchObject({ number: 1, resources });
    expect(freeRetry(retries, 0, resources, 'node-lost')).toBeUndefined();
    expect(freeRetry(always, 0, resources, 'invalid')).toBeUndefined();
  });

  it('is counted apart: what the place ended takes nothing from max', () => {
    const stage = { retries: { ...retries, max: 1, on: RETRY_CAUSES }, resources };
    const first: Turn = { tries: 1, counted: 0, row: 0, resources, failed: undefined };
    const ended = (cause: RetryCause, byPlace: boolean) =>
      ({ kind: 'failed', cause, byPlace, failure: { code: 'x', message: 'x' }, seconds: 1 }) as const;
    const lost = retryAfter(stage, first, ended('node-lost', true));
    expect(lost).toMatchObject({ retry: 1, of: 5, turn: { tries: 2, counted: 0, row: 1 } });
    const failed = retryAfter(stage, lost?.turn as Turn, ended('error', false));
    expect(failed).toMatchObject({ retry: 1, of: 1, turn: { tries: 3, counted: 1, row: 0 } });
    expect(retryAfter(stage, failed?.turn as Turn, ended('error', false))).toBeUndefined();
    const again = retryAfter(stage, failed?.turn as Turn, ended('preempted', true));
    expect(again?.turn).toMatchObject({ tries: 4, counted: 1, row: 1 });
    // Of this machine nobody says so: an exit code is the stage's own word, and counts.
    expect(retryAfter(stage, failed?.turn as Turn, ended('preempted', false))).toBeUndefined();
  });
});
