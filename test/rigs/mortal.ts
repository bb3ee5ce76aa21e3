/** @file Starts an engine that is killed at a moment (mortal-engine.ts). */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { Moment } from './folder-executor.ts';

/** The signal that ended it, or what it printed. `where`: the scheduler's folder, or settings as JSON. */
export function engine(
  file: string,
  where: string,
  moment: Moment | 'started' | 'left' | 'collected' | 'never',
): Promise<string> {
  const script = join(import.meta.dirname, 'mortal-engine.ts');
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', 'tsx', script, file, where, moment], (error, stdout, stderr) =>
      resolve(error?.signal ?? stdout + stderr),
    );
  });
}
