/**
 * @file Locks that the kernel takes back from the dead. Node has no flock: `flock` of util-linux locks files that it inherits,
 * and a lock belongs to the open file, which stays ours, and becomes that of every process that we hand it to.
 */
import { spawn } from 'node:child_process';
import type { Result } from '../../../base/result.ts';
import { errnoOf } from '../../../cache/publish.ts';

/** Milliseconds to wait for the first lock: whoever holds it decides and lets go. */
const PATIENCE = 20_000;

/** The first file is waited for, then each of the others is tried. */
const SCRIPT = 'flock 3 || exit 1; for file; do flock -n "$file" && echo "$file"; done; exit 0';

export interface FlockTrouble {
  readonly why: string;
  readonly missing: boolean;
  readonly output?: string | undefined;
}

/** Locks `first`, then those of `others` that are free; answers their places among `others`. */
export function lockFiles(
  first: number,
  others: readonly number[],
  env: NodeJS.ProcessEnv,
  patience: number = PATIENCE,
): Promise<Result<readonly number[], FlockTrouble>> {
  return new Promise((resolve) => {
    const words = others.map((_, at) => String(at + 4));
    const child = spawn('/bin/sh', ['-c', SCRIPT, 'flock', ...words], {
      stdio: ['ignore', 'pipe', 'pipe', first, ...others],
      env,
    });
    let out = '';
    let err = '';
    const fail = (why: string, missing = false): void => {
      clearTimeout(timer);
      resolve({ ok: false, error: { why, missing, output: err.trim() || undefined } });
    };
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail('another process holds the lock of the line');
    }, patience);
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      out += chunk;
    });
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      err += chunk;
    });
    child.once('error', (error) => fail(`sh could not be started (${errnoOf(error) ?? error.message})`));
    child.once('close', (code) => {
      if (code !== 0) {
        const missing = /not found/.test(err);
        fail(missing ? 'flock was not found' : `flock failed with code ${code}`, missing);
        return;
      }
      clearTimeout(timer);
      const places = out.split('\n').filter((word) => word !== '');
      resolve({ ok: true, value: places.map((word) => Number(word) - 4) });
    });
  });
}
