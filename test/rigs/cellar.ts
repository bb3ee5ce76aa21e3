/** @file An empty cache in a folder of its own, and a place beside it for what is to be stored. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

export interface Cellar {
  readonly cache: string;
  /** Writes a file and answers its path. */
  file(name: string, text: string, mode?: number): string;
  path(name: string): string;
}

export function cellar(): Cellar {
  const root = mkdtempSync(join(tmpdir(), 'cellar-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const path = (name: string): string => join(root, 'work', name);
  mkdirSync(path(''), { recursive: true });
  return {
    cache: join(root, 'cache'),
    path,
    file: (name, text, mode = 0o644) => {
      mkdirSync(dirname(path(name)), { recursive: true });
      writeFileSync(path(name), text);
      chmodSync(path(name), mode);
      return path(name);
    },
  };
}
