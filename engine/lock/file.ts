/** @file The lock file on disk, beside its pipeline file. */
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Diagnostic } from '../../base/diagnostic.ts';
import { errnoOf, writeAtomic } from '../../cache/publish.ts';
import { type LockEntries, lockText, NO_ENTRIES, parseWritten } from './format.ts';

export interface LockFile {
  readonly path: string;
  /** Undefined when there is no file. */
  readonly text: string | undefined;
  /** None when it cannot be used. */
  readonly entries: LockEntries;
  /** Why it cannot be used. */
  readonly problem: Diagnostic | undefined;
}

/** `pipelines/rrhf.yaml` -> `pipelines/rrhf.lock.yaml` */
export function lockFilePath(pipeline: string): string {
  const name = basename(pipeline).replace(/\.ya?ml$/, '');
  return join(dirname(pipeline), `${name}.lock.yaml`);
}

/** The lock file of a pipeline file. One that cannot be understood counts as empty, with its problem. */
export async function readLockFile(pipeline: string): Promise<LockFile> {
  const path = lockFilePath(pipeline);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT') return { path, text: undefined, entries: NO_ENTRIES, problem: undefined };
    const message = `The lock file ${path} cannot be read (${code}).`;
    const problem = { code: 'lock-unreadable', severity: 'warning', message } as const;
    return { path, text: '', entries: NO_ENTRIES, problem };
  }
  const written = parseWritten(text);
  if (written !== undefined) return { path, text, entries: written, problem: undefined };
  // Edited, merged or torn: only then is the parser worth its time.
  const { understandLock } = await import('./understand.ts');
  const understood = understandLock(path, text);
  if (understood.ok) return { path, text, entries: understood.value, problem: undefined };
  const [first] = understood.error;
  return { path, text, entries: NO_ENTRIES, problem: { ...(first as Diagnostic), severity: 'warning' } };
}

/** Writes the entries if they say anything new; a file of another schema is left as it is. True if it was written. */
export function writeLockFile({ path, text, problem }: LockFile, entries: LockEntries): boolean {
  const now = lockText(entries);
  if (now === text || problem?.code === 'lock-schema' || problem?.code === 'lock-unreadable') return false;
  writeAtomic(path, now);
  return true;
}
