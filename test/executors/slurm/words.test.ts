/** What Slurm's commands print, as states. */
import { describe, expect, it } from 'vitest';
import {
  sacctRows,
  scontrolRows,
  squeueRows,
  tasksOf,
  wordOf,
  wordsOf,
} from '../../../engine/executors/slurm/words.ts';

const row = (state: string, more: object = {}) => ({
  id: '1',
  name: 'w',
  state,
  reason: '',
  nodes: '',
  folder: '/a',
  code: '',
  derived: '',
  ...more,
});

describe('a state', () => {
  it.each([
    ...['PENDING', 'CONFIGURING', 'REQUEUED', 'REQUEUE_HOLD', 'RESV_DEL_HOLD', 'SPECIAL_EXIT'].map(
      (state) => [state, 'queued'],
    ),
    ...['RUNNING', 'COMPLETING', 'SUSPENDED', 'STOPPED', 'SIGNALING', 'STAGE_OUT'].map((state) => [
      state,
      'running',
    ]),
  ])('%s is %s', (state, kind) => {
    expect(wordOf(row(state))).toEqual({ kind });
  });

  it.each([
    ['COMPLETED', undefined],
    ['FAILED', undefined],
    ['OUT_OF_MEMORY', 'oom'],
    ['TIMEOUT', 'timeout'],
    ['DEADLINE', 'timeout'],
    ['CANCELLED', 'cancelled'],
    ['CANCELLED by 1000', 'cancelled'],
    ['CANCELLED+', 'cancelled'],
    ['PREEMPTED', 'preempted'],
    ['NODE_FAIL', 'node-lost'],
    ['BOOT_FAIL', 'node-lost'],
  ])('%s is over, because of %s', (state, cause) => {
    const word = wordOf(row(state));
    expect(word).toMatchObject({ kind: 'over', said: `Slurm says ${state}` });
    expect(word?.kind === 'over' ? word.cause : '').toBe(cause);
  });

  it('is none where a later Slurm has another word', () => {
    expect(wordOf(row('TELEPORTED'))).toBeUndefined();
    expect(wordOf(row('constructor'))).toBeUndefined();
    expect(wordOf(row(''))).toBeUndefined();
  });

  it('shows reasons and codes, and a step that ran out of memory behind an end that looks well', () => {
    expect(wordOf(row('PENDING', { reason: 'DependencyNeverSatisfied' }))).toEqual({
      kind: 'queued',
      why: 'DependencyNeverSatisfied',
    });
    expect(wordOf(row('COMPLETED', { code: '0:0', derived: '0:125' }))).toMatchObject({ cause: 'oom' });
    expect(wordOf(row('FAILED', { code: '1:0', derived: '0:125' }))).toMatchObject({ cause: 'oom' });
    // What Slurm gives as the reason of a command that a signal ended is none.
    expect(wordOf(row('FAILED', { code: '0:9', reason: 'JobLaunchFailure', nodes: 'n1' }))).toEqual({
      kind: 'over',
      said: 'Slurm says FAILED, by signal 9 on n1',
      code: 0,
    });
    // slurmd has a job cancelled that it cannot start; a user's own is told by its number.
    expect(wordOf(row('CANCELLED', { nodes: 'n1' }))).toMatchObject({ given: true });
    expect(wordOf(row('CANCELLED by 0', { nodes: 'n1' }))).toMatchObject({ given: true });
    for (const [state, nodes] of [
      ['CANCELLED', ''],
      ['CANCELLED', 'None assigned'],
      ['CANCELLED by 1000', 'n1'],
    ])
      expect(wordOf(row(state as string, { nodes: nodes as string }))).not.toHaveProperty('given');
    expect(wordOf(row('FAILED', { code: '3:0' }))).toMatchObject({
      code: 3,
      said: 'Slurm says FAILED, with code 3',
    });
  });
});

describe('rows', () => {
  it('of squeue: waiting tasks of an array one by one, folders with anything in them, and no noise', () => {
    const text = [
      '6|[3-5,9%4]|PENDING|Resources||w-array|/a|b c',
      '6|0|RUNNING|None|rig1|w-array|/a|b c',
      '12|N/A|COMPLETED|None|rig2|w-1|/x',
      'slurm_load_jobs error: Invalid job id specified',
      '',
    ].join('\n');
    expect(squeueRows(text).map(({ id, state, folder }) => [id, state, folder])).toEqual([
      ...[3, 4, 5, 9].map((task) => [`6_${task}`, 'PENDING', '/a|b c']),
      ['6_0', 'RUNNING', '/a|b c'],
      ['12', 'COMPLETED', '/x'],
    ]);
  });

  it.each([
    ['[3-99%4]', 97],
    ['0-8:2', 5],
    ['7', 1],
    ['1,3-4,9', 4],
    ['1-3,...', 3],
    ['', 0],
  ])('the tasks %s are %i', (text, count) => {
    expect(tasksOf(text)).toHaveLength(count);
  });

  it('of sacct: an empty answer is no verdict, and the controller counts for more', () => {
    expect(sacctRows('')).toEqual([]);
    expect(sacctRows('\n\n')).toEqual([]);
    const accounting = sacctRows(
      '9|PREEMPTED|0:15|0:0|n1|w-1|/a\n6_[1-2]|PENDING|0:0|0:0|None assigned|w-a|/b\n10|CANCELLED by 0|0:0|0:0|n1|w-2|/c\n',
    );
    expect([...wordsOf(squeueRows('9|N/A|PENDING|BeginTime||w-1|/a'), accounting)]).toEqual([
      ['9', { kind: 'queued', why: 'BeginTime' }],
      ['6_1', expect.objectContaining({ kind: 'queued' })],
      ['6_2', expect.objectContaining({ kind: 'queued' })],
      ['10', expect.objectContaining({ kind: 'over', cause: 'cancelled' })],
    ]);
  });

  it('of scontrol, with an array’s tasks', () => {
    const line = (more: string): string =>
      `JobId=7 ${more}JobName=w-1 JobState=FAILED Reason=NonZeroExitCode Restarts=0 ExitCode=3:0 DerivedExitCode=0:125 NodeList=rig1 Command=(null) WorkDir=/a b/c StdErr=/dev/null`;
    expect(scontrolRows(`${line('')}\n${line('ArrayJobId=5 ArrayTaskId=2 ')}\n`)).toMatchObject([
      { id: '7', state: 'FAILED', code: '3:0', derived: '0:125', folder: '/a b/c', nodes: 'rig1' },
      { id: '5_2' },
    ]);
  });
});
