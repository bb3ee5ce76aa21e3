/** @file What a word for a run means: an id, the start of one, or a pipeline file, whose latest run it is. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Diagnostic } from '../../base/diagnostic.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { findProject, type Project } from '../project.ts';
import type { Call } from './call.ts';
import { type PastRun, projectHere, readRun, runIds, startOf } from './history.ts';

export interface RunWords {
  /** A pipeline file. */
  readonly file?: string | undefined;
  /** An id, or an unambiguous start of one. */
  readonly id?: string | undefined;
}

export interface CalledRun {
  readonly project: Project;
  readonly run: PastRun;
  /** Absolute path, where the call named one. */
  readonly file: string | undefined;
}

/** The project of a file that a call names, or else the one it stands in. */
export function projectCalled(
  call: Call,
  word: string | undefined,
): Result<Omit<CalledRun, 'run'>, Diagnostic> {
  if (word === undefined) return ok({ project: projectHere(call.cwd), file: undefined });
  const file = resolve(call.cwd, word);
  if (existsSync(file)) return ok({ project: findProject(file), file });
  const message = `There is no file "${word}".`;
  return err({ code: 'missing-pipeline', severity: 'error', message, hint: `looked for ${file}` });
}

/** The project and the run that a call means: without a word, the latest run of the project it stands in. */
export function runCalled(call: Call, words: RunWords): Result<CalledRun, Diagnostic> {
  const called = projectCalled(call, words.file);
  if (!called.ok) return called;
  const run = findRun(called.value.project, words.id, called.value.file);
  return run.ok ? ok({ ...called.value, run: run.value }) : run;
}

/** Ids, newest first, of the runs of one file, or of all. */
export function* runsOf(project: Project, file: string | undefined): Generator<PastRun['id']> {
  for (const id of runIds(project)) {
    if (file === undefined || startOf(project, id)?.file === file) yield id;
  }
}

/** A word that names a file rather than a run. */
export function isFileWord(call: Call, word: string): boolean {
  return /\.ya?ml$/i.test(word) || (!/^\d{4}/.test(word) && existsSync(resolve(call.cwd, word)));
}

export function findRun(
  project: Project,
  id: string | undefined,
  file?: string,
): Result<PastRun, Diagnostic> {
  if (id === undefined) {
    const [latest] = runsOf(project, file);
    if (latest !== undefined) return ok(readRun(project, latest));
    const message = file === undefined ? 'This project has no run yet.' : 'This pipeline has no run yet.';
    const hint = 'start one: warren run FILE, or name its folder with --cwd';
    return err({ code: 'no-run', severity: 'error', message, hint });
  }
  const all = runIds(project);
  const matching = all.filter((each) => each.startsWith(id));
  const [first, second] = matching;
  if (first === undefined) {
    const hint = `the latest is ${all[0] ?? 'not there either'}`;
    return err({ code: 'no-run', severity: 'error', message: `There is no run ${id}.`, hint });
  }
  if (second !== undefined && first !== id) {
    const hint = `write more of one of: ${matching.slice(0, 5).join(', ')}`;
    const message = `${matching.length} runs begin with ${id}.`;
    return err({ code: 'ambiguous-run', severity: 'error', message, hint });
  }
  return ok(readRun(project, first));
}
