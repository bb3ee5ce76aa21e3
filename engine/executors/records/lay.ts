/** @file Lays out the files that the wrapper needs, in the attempt's folder: everything but the values of secrets. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Result } from '../../../base/result.ts';
import { errnoOf } from '../../../cache/publish.ts';
import { quoteWord } from '../command.ts';
import type { ExecutorFault, Submission } from '../contract.ts';
import { GRACE } from '../supervision.ts';
import type { Batch } from './records.ts';
import { commandScript } from './script.ts';
import { jobFolder, wrapperText } from './wrapper.ts';

/** What of a submission is laid out. Plain JSON. */
export type Laying = Pick<Submission, 'folder' | 'launch' | 'secrets' | 'resources'>;

export interface LayOptions {
  /** Seconds from SIGTERM to SIGKILL; default as for local stages. */
  readonly grace?: number | undefined;
  /** Words that start what follows them once on each node; for stages on several. */
  readonly launcher?: readonly string[] | undefined;
  /** Names of variables that are set where it runs and passed on. */
  readonly granted?: readonly string[] | undefined;
  /** The array that it is submitted with, so that it is found again by its name. */
  readonly batch?: Batch | undefined;
}

/** The files of a job by name, with their texts. */
export function jobFiles(
  job: Laying,
  options: LayOptions = {},
): Result<{ readonly [name: string]: string }, ExecutorFault> {
  const { launch, secrets, resources, folder } = job;
  const nul = [...launch.argv, launch.cwd, folder, ...Object.entries(launch.env).flat()].some((each) =>
    each.includes('\0'),
  );
  if (nul) {
    const message = 'The command or its environment holds a NUL character, which no process can be given.';
    return err({ code: 'bad-command', message, passing: false });
  }
  const files: { [name: string]: string } = {
    'wrapper.sh': wrapperText(),
    settings: [
      `time=${Math.ceil(resources.time)}`,
      `grace=${Math.ceil(options.grace ?? GRACE / 1000)}`,
      `stdin=${launch.stdin}`,
      '',
    ].join('\n'),
    'command.sh': commandScript(launch, secrets, options.granted),
  };
  if (options.launcher !== undefined) files['launch.sh'] = launchScript(folder, options.launcher);
  if (options.batch !== undefined) files['batch'] = `${JSON.stringify(options.batch)}\n`;
  return ok(files);
}

/** Safe to repeat, until the job has started: then nothing is written any more. */
export function layJob(job: Laying, options: LayOptions = {}): Result<undefined, ExecutorFault> {
  const files = jobFiles(job, options);
  if (!files.ok) return files;
  const to = jobFolder(job.folder);
  try {
    mkdirSync(to, { recursive: true });
    for (const [name, text] of Object.entries(files.value)) writeFileSync(join(to, name), text);
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    const message = `The files of the job could not be written: ${(error as Error).message}.`;
    return err({ code: 'cannot-write', message, passing: code === 'ENOSPC' || code === 'EDQUOT' });
  }
  return ok(undefined);
}

function launchScript(folder: string, launcher: readonly string[]): string {
  const words = [...launcher, '/bin/sh', join(jobFolder(folder), 'wrapper.sh'), folder, 'node'];
  return `exec ${words.map(quoteWord).join(' ')}\n`;
}
