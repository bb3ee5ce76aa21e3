/** @file Small files below the root. */
import { closeSync, fstatSync, openSync, readSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { errnoOf, temporaryBeside, withFolder } from '../../../cache/publish.ts';
import type { Handler } from './handling.ts';
import { below } from './paths.ts';
import { refuse } from './refusal.ts';

export const write: Handler<'write'> = ({ files }, bytes, { root }) => {
  const total = files.reduce((sum, { size }) => sum + size, 0);
  if (total !== bytes.length) throw refuse('remote-answer', 'The files are not as long as their bytes.');
  let at = 0;
  for (const { path, size, executable } of files) {
    const to = below(root, path);
    const temporary = temporaryBeside(to);
    const mode = executable ? 0o755 : 0o644;
    try {
      withFolder(temporary, () =>
        writeFileSync(temporary, bytes.subarray(at, at + size), { mode, flag: 'wx' }),
      );
      renameSync(temporary, to);
    } finally {
      rmSync(temporary, { force: true });
    }
    at += size;
  }
  return {};
};

/** Up to `most` bytes from an offset; undefined when there is no such file. */
export function readFrom(path: string, from: number, most: number): Buffer | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(most, fstatSync(file).size - from)));
    let at = 0;
    while (at < buffer.length) {
      const got = readSync(file, buffer, at, buffer.length - at, from + at);
      if (got === 0) break;
      at += got;
    }
    return buffer.subarray(0, at);
  } finally {
    closeSync(file);
  }
}
