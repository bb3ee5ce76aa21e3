import { describe, expect, test } from 'vitest';
import type { Digest, Key, RunId, StageId } from '../../base/ids.ts';
import { timed } from '../../bench/measure/command.ts';
import { unionSeconds } from '../../bench/measure/intervals.ts';
import { PAGE, processOf, treeBytes } from '../../bench/measure/memory.ts';
import { sharesOf } from '../../bench/measure/shares.ts';
import { median, rounded } from '../../bench/measure/statistics.ts';
import { stageText, treeText } from '../../bench/peers/ours.ts';
import { below, work } from '../../bench/peers/tree.ts';
import type { Action, Event } from '../../engine/event.ts';

describe('summaries', () => {
  test.each([
    [[3, 1, 2], 2],
    [[4, 1, 2, 3], 2.5],
    [[7], 7],
  ])('the median of %j is %d', (values, expected) => expect(median(values)).toBe(expected));

  test('round to significant digits', () => expect(rounded(0.0012345)).toBe(0.00123));

  test('overlapping spans count once', () => {
    const spans = [
      { from: 0, to: 4 },
      { from: 1, to: 2 },
      { from: 3, to: 6 },
      { from: 8, to: 9 },
    ];
    expect(unionSeconds(spans)).toBe(7);
    expect(unionSeconds([])).toBe(0);
  });
});

describe('shares of the wall time', () => {
  const digest = 'sha256:0' as Digest;
  const started = (stage: string, at: number): Event => ({
    type: 'stage-started',
    at,
    stage: stage as StageId,
    key: digest as unknown as Key,
    attempt: 1,
    because: [],
  });
  const done = (stage: string, at: number, action: Action = 'ran'): Event => ({
    type: 'stage-done',
    at,
    stage: stage as StageId,
    action,
    key: null,
    seconds: 0,
    because: [],
    outputs: {},
  });
  const run: Event = {
    type: 'run-started',
    at: 0,
    run: 'r1' as RunId,
    pipeline: 'p',
    file: 'p.yaml',
    targets: [],
    overrides: {},
    stages: ['hh', 'sft', 'score', 'rrhf'].map((kind) => ({ id: kind as StageId, kind, label: 'run' })),
  };

  test('count side by side once, leave out what did not run and what is no model', () => {
    const events = [
      run,
      started('hh', 0),
      done('hh', 1000),
      started('sft', 1000),
      started('score', 3000),
      done('sft', 5000),
      done('score', 6000),
      started('rrhf', 6000),
      done('rrhf', 9000, 'failed'),
    ];
    const shares = sharesOf(events, 10);
    expect(shares).toEqual({ seconds: { hh: 1, sft: 4, score: 3 }, models: 0.5, training: 0.4 });
  });
});

describe('memory of a process tree', () => {
  test('a process name may hold spaces and parentheses', () => {
    const stat = `12 (node) S) S 7 ${Array.from({ length: 40 }, (_, i) => i + 5).join(' ')}`;
    expect(processOf(stat)).toEqual({ pid: 12, parent: 7, pages: 24 });
  });

  test('sums descendants in any order and nothing else', () => {
    const all = [
      { pid: 4, parent: 3, pages: 100 },
      { pid: 3, parent: 2, pages: 10 },
      { pid: 2, parent: 1, pages: 1 },
      { pid: 9, parent: 1, pages: 1000 },
    ];
    expect(treeBytes(2, all)).toBe(111 * PAGE);
  });
});

describe('a timed command', () => {
  test('throws with the last words of a failure', async () => {
    const failing = timed([process.execPath, '-e', 'console.error("out of hay"); process.exit(3)']);
    await expect(failing).rejects.toThrow('out of hay');
  });

  test('may be allowed to fail', async () => {
    const { stdout } = await timed([process.execPath, '-e', 'console.log(1); process.exit(3)'], {
      allow: [3],
    });
    expect(stdout).toBe('1');
  });
});

describe('the tree', () => {
  test('every stage but the root is below exactly one other', () => {
    const children = Array.from({ length: 1000 }, (_, i) => below(i, 1000)).flat();
    expect(children.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 999 }, (_, i) => i + 1));
  });

  test('is the same work for the peers and for us', () => {
    expect(work(0, 3).command).toBe('cat out/s1.txt out/s2.txt > out/s0.txt; echo 0 >> out/s0.txt');
    expect(work(2, 3).sources).toEqual(['seed.txt']);
    expect(stageText(0, 3)).toContain('in: { a: s1.o, b: s2.o }');
    expect(stageText(2, 3)).toContain('in: { a: in.seed }');
    expect(
      treeText(3)
        .split('\n')
        .filter((line) => line.startsWith('  s')).length,
    ).toBe(3);
  });
});
