/**
 * @file The folder of an attempt, `.warren/attempts/<key>/<n>/`, with `in/`, `out/` and `tmp/`. Its path follows from
 * the key, so that a result that holds a path is the same every time. Removing folders costs milliseconds on some
 * file systems, renaming one does not: a folder that was used goes to `.warren/spare/`, and the next stage gets it.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Key } from '../../base/ids.ts';
import { errnoOf, removeQuietly, withFolder } from '../../cache/publish.ts';
import { attemptsFolder } from '../plan/past.ts';
import type { Project } from '../project.ts';
import { forgetIntent } from './intents.ts';

export interface Attempt {
  readonly number: number;
  readonly folder: string;
  readonly log: string;
  /** Kept between attempts of the key until one succeeds. */
  readonly state: string;
}

/** In the folder of one whose results are all here. */
export const COLLECTED = 'collected.json';

const PARTS = ['in', 'out', 'tmp'] as const;

/** Makes the next attempt's folder. What killed attempts of the key left behind goes first; the caller has its lock. */
export function openAttempt(project: Project, key: Key, keepState: boolean): Attempt {
  const base = attemptsFolder(project, key);
  const earlier = listNames(base)
    .map(Number)
    .filter(Number.isInteger)
    .sort((a, b) => a - b);
  const number = (earlier.at(-1) ?? 0) + 1;
  const state = join(base, 'state');
  if (existsSync(base)) {
    for (const old of earlier) clearAttempt(join(base, String(old)));
    if (!keepState) rmSync(state, { recursive: true, force: true });
    makeParts(base, number);
  } else if (!takeSpare(project, base)) makeParts(base, 1);
  const folder = join(base, String(number));
  return { number, folder, log: join(folder, 'log'), state };
}

/**
 * The folder of an attempt that an earlier run submitted. `alive`: all of it stays, but its log is written again from the
 * start, unless all of it was heard; otherwise it never began, and is laid out anew.
 */
export function reopenAttempt(project: Project, key: Key, number: number, alive: boolean): Attempt {
  const base = attemptsFolder(project, key);
  const folder = join(base, String(number));
  const log = join(folder, 'log');
  if (!alive) {
    clearAttempt(folder);
    makeParts(base, number);
  }
  if (!existsSync(join(folder, COLLECTED))) rmSync(log, { force: true });
  return { number, folder, log, state: join(base, 'state') };
}

/** Everything but the log. The intent goes first: what is half cleared must not be taken for an attempt that goes on. */
export function clearAttempt(folder: string): void {
  forgetIntent(folder);
  for (const name of listNames(folder)) {
    if (name !== 'log') rmSync(join(folder, name), { recursive: true, force: true });
  }
}

/** After success nothing is left but logs that have something in them. First of all it is no attempt that may go on. */
export function closeAttempt(project: Project, attempt: Attempt): void {
  const base = dirname(attempt.folder);
  forgetIntent(attempt.folder);
  if (attempt.number > 1) {
    for (const name of listNames(base)) {
      if (name === 'state' || !Number.isInteger(Number(name))) remove(join(base, name));
      else clearAttempt(join(base, name));
    }
    // Folders without a log are empty now.
    for (const folder of [...listNames(base).map((name) => join(base, name)), base]) removeEmpty(folder);
    return;
  }
  const log = existsSync(attempt.log) ? `${base}.log` : undefined;
  if (log !== undefined) renameSync(attempt.log, log);
  if (!giveSpare(project, base)) rmSync(base, { recursive: true, force: true });
  if (log === undefined) return;
  mkdirSync(attempt.folder, { recursive: true });
  renameSync(log, attempt.log);
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(errnoOf(error) ?? '')) throw error;
  }
}

/**
 * The folder of a key's first attempt, empty, for a try that leaves nothing behind; what is there is kept beside it
 * until it is given back. The caller has the key's lock.
 */
export function borrowAttempt(project: Project, key: Key): { attempt: Attempt; giveBack: () => void } {
  const base = attemptsFolder(project, key);
  const kept = `${base}.kept`;
  // Left by one that was killed: what stands at the place is its rest, and the kept one the original.
  if (existsSync(kept)) rmSync(base, { recursive: true, force: true });
  else if (existsSync(base)) renameSync(base, kept);
  makeParts(base, 1);
  const folder = join(base, '1');
  return {
    attempt: { number: 1, folder, log: join(folder, 'log'), state: join(base, 'state') },
    giveBack: () => {
      rmSync(base, { recursive: true, force: true });
      if (existsSync(kept)) renameSync(kept, base);
    },
  };
}

function makeParts(base: string, number: number): void {
  for (const part of PARTS) mkdirSync(join(base, String(number), part), { recursive: true });
  mkdirSync(join(base, 'state'), { recursive: true });
}

/** Another engine may be faster: then the next spare is tried. */
function takeSpare(project: Project, base: string): boolean {
  const spares = join(project.home, 'spare');
  for (const name of listNames(spares)) {
    try {
      withFolder(base, () => renameSync(join(spares, name), base));
      return true;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }
  return false;
}

/** Empties a first attempt's folder and puts it by. False: the stage took away what belongs to it. */
function giveSpare(project: Project, base: string): boolean {
  const kept = new Set(['1', 'state', ...PARTS.map((part) => `1/${part}`)]);
  for (const folder of ['', ...kept]) {
    for (const name of listNames(join(base, folder))) {
      if (!kept.has(folder === '' ? name : `${folder}/${name}`)) remove(join(base, folder, name));
    }
  }
  if (![...kept].every((folder) => existsSync(join(base, folder)))) return false;
  const spare = join(project.home, 'spare', randomBytes(6).toString('hex'));
  withFolder(spare, () => renameSync(base, spare));
  return true;
}

/** A file by the quick way, a folder by the long one. */
function remove(path: string): void {
  try {
    removeQuietly(path);
  } catch {
    rmSync(path, { recursive: true, force: true });
  }
}

function listNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
