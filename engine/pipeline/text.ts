/** @file The text of a pipeline file. */
import { dirname } from 'node:path';
import type { Diagnostic } from '../../base/diagnostic.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { Reads } from './reads.ts';

export interface Text {
  /** UTF-8, without its mark. */
  readonly text: string;
  /** As the user named it, for places. */
  readonly file: string;
  /** Absolute. */
  readonly path: string;
  readonly folder: string;
}

export function readText(path: string, file: string, reads: Reads): Result<Text, Diagnostic> {
  let bytes: Buffer;
  try {
    bytes = reads.bytes(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const message = code === 'ENOENT' ? `There is no file "${file}".` : `"${file}" cannot be read (${code}).`;
    return err({ code: 'missing-pipeline', severity: 'error', message, hint: `looked for ${path}` });
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return ok({ text, file, path, folder: dirname(path) });
  } catch {
    const message = `"${file}" is not UTF-8 text.`;
    return err({ code: 'not-utf8', severity: 'error', message, hint: 'save it as UTF-8' });
  }
}
