/** @file What a wrapper leaves in its folder, read and checked field by field. What does not hold counts as not there. */
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../../../base/json.ts';
import { errnoOf } from '../../../cache/publish.ts';
import { jobFolder } from './wrapper.ts';

export interface Start {
  readonly host: string | undefined;
  /** As the scheduler calls the host. */
  readonly node: string | undefined;
  readonly pid: number;
  /** Start time of the process in ticks since the boot: with `boot` and pid it is that process and no other. */
  readonly born: string | undefined;
  readonly boot: string | undefined;
  /** The scheduler's, an array's as `6_0`. */
  readonly id: string | undefined;
  /** How often the scheduler started it again. */
  readonly restarts: number;
  readonly gpus: readonly string[];
  /** Milliseconds since the epoch by the clock of its host. */
  readonly at: number;
}

export interface ExitRecord {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  /** What the wrapper knows: its own time limit, and what the kernel counts. */
  readonly cause: 'timeout' | 'oom' | 'disk-full' | undefined;
  /** The signal by which somebody asked for the end. */
  readonly asked: string | undefined;
  /** Why there was nothing to start: `ENOENT`, `EACCES`, `ENOTDIR`. */
  readonly missing: string | undefined;
  readonly seconds: number;
}

/** Which array an attempt was submitted with. */
export interface Batch {
  readonly name: string;
  readonly index: number;
}

/** Plain JSON. */
export interface Records {
  /** Claimed: it has begun, or is about to. */
  readonly started: boolean;
  readonly start: Start | undefined;
  readonly exit: ExitRecord | undefined;
  readonly batch: Batch | undefined;
  /** On several nodes: what its launcher ends with is not what ended the command. */
  readonly gang: boolean;
  /** Another text each time the wrapper shows that it lives. */
  readonly beat: string | undefined;
  /** Milliseconds by which the clock of the job's host is ahead of that of the file server. */
  readonly skew: number;
}

/** More than any record has. */
const MOST = 64 * 1024;

export function readRecords(folder: string): Records {
  const job = jobFolder(folder);
  // Listing the folder makes a file server's client forget that a record was not there a moment ago.
  const names = list(job);
  const read = (name: string): Whole | undefined =>
    names.has(name) ? readWhole(join(job, name)) : undefined;
  const startFile = read('start');
  const start = startFile && parseStart(startFile.text);
  const exit = read('exit');
  const batch = read('batch');
  const beat = read('heartbeat');
  return {
    started: names.has('started'),
    start,
    exit: exit && parseExit(exit.text),
    batch: batch && parseBatch(batch.text),
    gang: names.has('launch.sh'),
    beat: beat && `${beat.at} ${beat.text.trim()}`,
    skew: start === undefined || startFile === undefined ? 0 : start.at - startFile.at,
  };
}

/** Whether there is an end to be read: the cheapest question. */
export function hasEnded(folder: string): boolean {
  return existsSync(join(jobFolder(folder), 'exit'));
}

function parseStart(text: string): Start | undefined {
  const fields = fieldsOf(text);
  const pid = fields && whole(fields['pid']);
  const at = fields && whole(fields['at']);
  if (fields === undefined || pid === undefined || at === undefined) return undefined;
  return {
    host: word(fields['host']),
    node: word(fields['node']),
    pid,
    born: word(fields['born']),
    boot: word(fields['boot']),
    id: word(fields['id']),
    restarts: whole(fields['restarts']) ?? 0,
    gpus: word(fields['gpus'])?.split(',') ?? [],
    at: at * 1000,
  };
}

export function parseExit(text: string): ExitRecord | undefined {
  const fields = fieldsOf(text);
  if (fields === undefined) return undefined;
  const code = whole(fields['code']);
  const signal = word(fields['signal']);
  if (code === undefined && signal === undefined) return undefined;
  const cause = word(fields['cause']);
  return {
    code,
    signal,
    cause: cause === 'timeout' || cause === 'oom' || cause === 'disk-full' ? cause : undefined,
    asked: word(fields['asked']),
    missing: word(fields['missing']),
    seconds: whole(fields['seconds']) ?? 0,
  };
}

function parseBatch(text: string): Batch | undefined {
  const fields = fieldsOf(text);
  const name = fields && word(fields['name']);
  const index = fields && whole(fields['index']);
  return name === undefined || index === undefined ? undefined : { name, index };
}

function fieldsOf(text: string): { readonly [name: string]: Json } | undefined {
  try {
    const value = JSON.parse(text) as Json;
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as { readonly [name: string]: Json })
      : undefined;
  } catch {
    return undefined;
  }
}

function whole(value: Json | undefined): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** Shown to people and given back to schedulers: nothing but what the wrapper writes. */
function word(value: Json | undefined): string | undefined {
  return typeof value === 'string' && /^[\][\w.:,/@+=% -]{1,1000}$/.test(value) ? value : undefined;
}

interface Whole {
  readonly text: string;
  /** When it was written, by the clock of the file server. */
  readonly at: number;
}

function readWhole(file: string): Whole | undefined {
  let open: number;
  try {
    open = openSync(file, 'r');
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
  try {
    const bytes = Buffer.alloc(MOST);
    const length = readSync(open, bytes, 0, MOST, 0);
    return { text: bytes.toString('utf8', 0, length), at: fstatSync(open).mtimeMs };
  } catch (error) {
    // ESTALE and EIO of file servers: next time.
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  } finally {
    closeSync(open);
  }
}

function list(folder: string): ReadonlySet<string> {
  try {
    return new Set(readdirSync(folder));
  } catch {
    return new Set();
  }
}
