/** @file The wrapper of jobs, one static text for every executor but local, and how it is called. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

let text: string | undefined;

/** The text of `wrapper.sh`. */
export function wrapperText(): string {
  text ??= readFileSync(new URL('./wrapper.sh', import.meta.url), 'utf8');
  return text;
}

/** The folder of the wrapper's files, in the attempt's folder. */
export function jobFolder(folder: string): string {
  return join(folder, 'job');
}

/**
 * The process that runs an attempt whose files are laid out. It is started with the values of secrets in its environment,
 * and GPU leases as descriptors from 10 upwards; it is told to end by SIGTERM, and ends its whole group then.
 */
export function wrapperArgv(folder: string): [string, ...string[]] {
  return ['/bin/sh', join(jobFolder(folder), 'wrapper.sh'), folder];
}
