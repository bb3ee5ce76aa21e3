/** @file Files that a pipeline names: absolute paths, looked at once each. */
import { resolve } from 'node:path';
import type { Source } from '../graph.ts';
import type { Problems } from '../problems.ts';
import type { Found, Reads } from '../reads.ts';
import type { Range } from '../yaml/tree.ts';
import type { Spot } from './binder.ts';
import { parseValue } from './reference.ts';
import { type Expected, type Form, formOf } from './types.ts';

export interface Files {
  /** A path as it stands in the file. Undefined after an error. */
  find(path: string, range: Range, expected: Expected): Source | undefined;
  /** The value of a pipeline's input; `from` is set when it came from the command line. */
  input(
    value: string,
    from: string | undefined,
    range: Range,
    subpath: string | undefined,
    expected: Expected,
  ): Source | undefined;
  /** A member of a folder that was found before. */
  member(folder: Extract<Source, { kind: 'file' }>, subpath: string, spot: Spot): Source | undefined;
  /** What was found at the path of a source; undefined: it was not looked at. */
  form(path: string): Form | undefined;
}

/** For a stage that takes no part: whatever it names would be found. */
export const anyFiles: Files = {
  find: (path) => ({ kind: 'file', path, shown: path }),
  input: (value) => ({ kind: 'file', path: value, shown: value }),
  member: (folder) => folder,
  form: () => undefined,
};

/** Paths of the file are relative to `folder`, paths of `--in` to `cwd`. */
export function filesIn(folder: string, cwd: string, reads: Reads, problems: Problems): Files {
  function source(
    path: string,
    shown: string,
    range: Range,
    expected: Expected,
    member: boolean,
  ): Source | undefined {
    let found: Found;
    try {
      found = reads.look(path);
    } catch (error) {
      // A file in place of a folder, a loop of links, no permission.
      const { code } = error as NodeJS.ErrnoException;
      problems.error(
        code === 'ENOTDIR' ? 'missing-file' : 'unreadable-file',
        range,
        `"${shown}" cannot be read (${code}).`,
        { hint: `looked at ${path}`, about: path },
      );
      return undefined;
    }
    if (found === 'missing') {
      problems.error('missing-file', range, `There is no file "${shown}".`, {
        hint: `looked for ${path}`,
        about: path,
      });
      return undefined;
    }
    const forms = new Set(expected.types?.map(formOf) ?? ['file', 'folder']);
    if (found === 'other' || (!forms.has(found) && !member)) {
      const words = expected.types?.join(' or ') ?? 'a file or a folder';
      const what = found === 'other' ? 'neither a file nor a folder' : `a ${found}`;
      problems.error(
        'wrong-artifact-type',
        range,
        `${expected.what} takes ${words}, but "${shown}" is ${what}.`,
        { hint: `looked at ${path}`, about: path },
      );
      return undefined;
    }
    return { kind: 'file', path, shown };
  }

  return {
    find: (path, range, expected) => source(resolve(folder, path), path, range, expected, false),
    form: (path) => (reads.look(path) === 'folder' ? 'folder' : 'file'),
    member(whole, subpath, spot) {
      const path = `${whole.path}/${subpath}`;
      if (isThere(path, reads)) return { kind: 'file', path, shown: `${whole.shown}/${subpath}` };
      spot.problems.error('missing-file', spot.range, `"${whole.shown}" has no member "${subpath}".`, {
        hint: `looked for ${path}`,
        about: path,
      });
      return undefined;
    },
    input(value, from, range, subpath, expected) {
      const given = from?.startsWith('--in ') === true;
      const parsed = parseValue(value);
      const later = !parsed.ok && parsed.error.code === 'not-supported-yet';
      if (later || (!given && !(parsed.ok && parsed.value.kind === 'path'))) {
        const fault = parsed.ok
          ? {
              code: 'bad-reference',
              message: `"${value}" is no path; an input of the pipeline is a file.`,
              hint: `write ./${value}`,
            }
          : parsed.error;
        problems.error(fault.code, range, fault.message, { hint: fault.hint });
        return undefined;
      }
      const shown = subpath === undefined ? value : `${value.replace(/\/+$/, '')}/${subpath}`;
      return source(resolve(given ? cwd : folder, shown), shown, range, expected, subpath !== undefined);
    },
  };
}

function isThere(path: string, reads: Reads): boolean {
  try {
    const found = reads.look(path);
    return found === 'file' || found === 'folder';
  } catch {
    return false;
  }
}
