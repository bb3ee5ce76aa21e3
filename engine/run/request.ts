/** @file A call of `run` as words: equal calls in equal surroundings ask for the same thing. */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { digestOf } from '../../base/digest.ts';
import type { Digest } from '../../base/ids.ts';
import type { Loaded } from '../pipeline/load.ts';

export interface Request {
  /** Absolute path of the pipeline file. */
  readonly file: string;
  readonly digest: Digest;
}

/** A request and what its pipeline was loaded from. */
export interface LoadedRequest extends Request, Pick<Loaded, 'files' | 'looks' | 'warnings'> {}

/** Options that change what is printed or how fast, not what is asked for. With a value or without. */
const SHOWN = new Map([
  ['--json', 0],
  ['--quiet', 0],
  ['--keep-going', 0],
  ['--frozen', 0],
  ['--no-remote', 0],
  ['--color', 1],
  ['-j', 1],
  ['--jobs', 1],
  ['--checkpoint-every', 1],
]);
/** Options with a value that are part of what is asked for. */
const ASKED = new Set(['--with', '--set', '--in', '--threads', '--until', '--profile']);

/** The request of `run FILE ...`; undefined for any call with a word that is not known here, `--force` among them. */
export function requestOf(args: readonly string[], cwd: string): Request | undefined {
  if (!args.includes('run')) return undefined;
  const asked: string[] = [];
  const plain: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    const values = SHOWN.get(arg);
    if (values !== undefined) i += values;
    else if (ASKED.has(arg)) asked.push(arg, args[++i] ?? '');
    else if (arg.startsWith('-')) return undefined;
    else plain.push(arg);
  }
  const [command, file, ...targets] = plain;
  if (command !== 'run' || file === undefined) return undefined;
  const path = resolve(cwd, file);
  const { WARREN_PROFILE: profile = '' } = process.env;
  return {
    file: path,
    digest: digestOf('warren/request/1', [path, cwd, asked, targets, availableParallelism(), profile]),
  };
}
