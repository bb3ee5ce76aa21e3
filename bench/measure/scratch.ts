/** @file A folder that is gone when the bench ends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs `work` in a new temporary folder; `keep` leaves it there and says where. */
export async function inScratch<T>(
  name: string,
  keep: boolean,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), `warren-${name}-`));
  try {
    return await work(folder);
  } finally {
    if (keep) process.stderr.write(`kept: ${folder}\n`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

/** A line for the person who waits; results go to stdout alone. */
export const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** The one document a bench prints. */
export const print = (result: unknown): void => void process.stdout.write(`${JSON.stringify(result)}\n`);
