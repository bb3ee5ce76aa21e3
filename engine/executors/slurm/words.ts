/** @file What Slurm's commands print, as states: pure functions of text. */
import type { ExitCause } from '../executor.ts';
import type { Word } from '../records/state.ts';

/** A job, or a task of an array, as one of Slurm's commands shows it. */
export interface Row {
  /** `12`, `6_0`. */
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly reason: string;
  readonly nodes: string;
  readonly folder: string;
  /** `N:S`, exit code and signal; '' where the command does not say. */
  readonly code: string;
  readonly derived: string;
}

/** For `squeue -o`: the folder last, as it may hold anything. */
export const SQUEUE_FORMAT = '%F|%K|%T|%r|%N|%j|%Z';

/** Rows of `squeue -h -o SQUEUE_FORMAT`; waiting tasks of an array, which share a line, have a row each. */
export function squeueRows(text: string): Row[] {
  return lines(text).flatMap((line) => {
    const [job, tasks, state, reason, nodes, name, ...folder] = line.split('|');
    if (job === undefined || !/^\d+$/.test(job) || folder.length === 0) return [];
    const row = { name: name ?? '', state: state ?? '', reason: reason ?? '', nodes: nodes ?? '' };
    const rest = { ...row, folder: folder.join('|'), code: '', derived: '' };
    const list = tasks === undefined || tasks === 'N/A' ? undefined : tasksOf(tasks);
    if (list === undefined) return [{ id: job, ...rest }];
    return list.map((task) => ({ id: `${job}_${task}`, ...rest }));
  });
}

/** `3-5,9`, `[3-99%4]`, `0-8:2` -> each. A list that Slurm cut short ends with what could be read. */
export function tasksOf(text: string): number[] {
  const plain = text.replace(/^\[|\]$/g, '').replace(/%\d+\]?$/, '');
  return plain.split(',').flatMap((part) => {
    const match = /^(\d+)(?:-(\d+)(?::(\d+))?)?$/.exec(part);
    if (match === null) return [];
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    const step = Number(match[3] ?? 1);
    return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, at) => first + at * step);
  });
}

export const SACCT_FORMAT = 'JobID,State,ExitCode,DerivedExitCode,NodeList,JobName,WorkDir';

/** Rows of `sacct -X -n -P --format=SACCT_FORMAT`. */
export function sacctRows(text: string): Row[] {
  return lines(text).flatMap((line) => {
    const [job, state, code, derived, nodes, name, ...folder] = line.split('|');
    if (job === undefined || !/^\d+/.test(job) || state === undefined || state === '') return [];
    const row = { name: name ?? '', state, reason: '', nodes: nodes ?? '', folder: folder.join('|') };
    const rest = { ...row, code: code ?? '', derived: derived ?? '' };
    const array = /^(\d+)_\[(.*)\]$/.exec(job);
    if (array === null) return [{ id: job, ...rest }];
    return tasksOf(array[2] ?? '').map((task) => ({ id: `${array[1]}_${task}`, ...rest }));
  });
}

/** Rows of `scontrol show job -o`. */
export function scontrolRows(text: string): Row[] {
  return lines(text).flatMap((line) => {
    const field = (name: string): string => new RegExp(`(?:^| )${name}=(\\S*)`).exec(line)?.[1] ?? '';
    const [job, array, task] = [field('JobId'), field('ArrayJobId'), field('ArrayTaskId')];
    if (!/^\d+$/.test(job)) return [];
    const row = {
      name: field('JobName'),
      state: field('JobState'),
      reason: field('Reason'),
      nodes: field('NodeList').replace('(null)', ''),
      folder: / WorkDir=(.*?) StdErr=/.exec(line)?.[1] ?? '',
      code: field('ExitCode'),
      derived: field('DerivedExitCode'),
    };
    if (array === '') return [{ id: job, ...row }];
    return tasksOf(task).map((each) => ({ id: `${array}_${each}`, ...row }));
  });
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

const QUEUED = new Set([
  'PENDING',
  'CONFIGURING',
  'REQUEUED',
  'REQUEUE_HOLD',
  'REQUEUE_FED',
  'RESV_DEL_HOLD',
  'SPECIAL_EXIT',
]);
const RUNNING = new Set([
  'RUNNING',
  'COMPLETING',
  'SUSPENDED',
  'STOPPED',
  'SIGNALING',
  'STAGE_OUT',
  'RESIZING',
]);
/** Whose doing the end was, where it was not the command's own. */
const OVER: { readonly [state: string]: ExitCause | undefined } = {
  COMPLETED: undefined,
  FAILED: undefined,
  OUT_OF_MEMORY: 'oom',
  TIMEOUT: 'timeout',
  DEADLINE: 'timeout',
  CANCELLED: 'cancelled',
  REVOKED: 'cancelled',
  PREEMPTED: 'preempted',
  NODE_FAIL: 'node-lost',
  BOOT_FAIL: 'node-lost',
  LAUNCH_FAILED: 'launch-failed',
  RECONFIG_FAIL: 'launch-failed',
};
/** Slurm's code for a step that the kernel killed for memory. */
const OOM_CODE = '0:125';
/** Of a job that never had any, in accounting. */
const NO_NODES = 'None assigned';
/** Reasons that say nothing. */
const NO_REASON = new Set(['', 'None', '(null)', 'N/A']);

/** What a row says; undefined for a state of a later Slurm, which is no verdict. */
export function wordOf(row: Row): Word | undefined {
  // Accounting writes `CANCELLED by 1000`, and some commands `COMPLETED+`.
  const state = (row.state.split(' ')[0] ?? '').replace(/\+$/, '').toUpperCase();
  if (QUEUED.has(state)) return { kind: 'queued', ...(!NO_REASON.has(row.reason) && { why: row.reason }) };
  if (RUNNING.has(state)) return { kind: 'running', ...(row.nodes !== '' && { host: row.nodes }) };
  if (!Object.hasOwn(OVER, state)) return undefined;
  const oom = row.derived === OOM_CODE || row.code === OOM_CODE;
  const cause = oom ? 'oom' : OVER[state];
  const [code, signal] = row.code.split(':').map(Number);
  const how = signal ? `, by signal ${signal}` : code ? `, with code ${code}` : '';
  const given = cause === 'cancelled' && row.nodes !== '' && row.nodes !== NO_NODES;
  const where = row.nodes === '' ? '' : ` on ${row.nodes}`;
  const why = NO_REASON.has(row.reason) || row.reason === 'JobLaunchFailure' ? '' : `, ${row.reason}`;
  return {
    kind: 'over',
    said: `Slurm says ${row.state}${how}${where}${why}`,
    ...(cause !== undefined && { cause }),
    ...(code !== undefined && Number.isInteger(code) && row.code !== '' && { code }),
    // slurmd does so as the user that it runs as.
    ...(given && !/ by [1-9]/.test(row.state) && { given }),
  };
}

/**
 * The controller's word counts over that of accounting, which keeps PREEMPTED for a job that is queued again; among several
 * rows of an id the last counts.
 */
export function wordsOf(controller: readonly Row[], accounting: readonly Row[] = []): Map<string, Word> {
  const words = new Map<string, Word>();
  for (const row of [...accounting, ...controller]) {
    const word = wordOf(row);
    if (word !== undefined) words.set(row.id, word);
  }
  return words;
}
