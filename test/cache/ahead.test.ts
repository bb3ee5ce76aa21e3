import { statSync, truncateSync, utimesSync } from 'node:fs';
import { expect, test } from 'vitest';
import { digestFile } from '../../base/digest.ts';
import { LARGE } from '../../base/threads.ts';
import { hashAhead } from '../../cache/ahead.ts';
import { openMemo } from '../../cache/memo.ts';
import { cellar } from '../rigs/cellar.ts';

test('hashes large files that are not known, alone and in a folder, and leaves the rest', async () => {
  const c = cellar();
  const large = (name: string, more: number): string => {
    const path = c.file(name, name);
    truncateSync(path, LARGE + more);
    utimesSync(path, 1e9, 1e9);
    return path;
  };
  const files = [large('a', 0), large('d/b', 1)];
  const small = c.file('d/c', 'small');
  utimesSync(small, 1e9, 1e9);
  const memo = openMemo(c.path('memo'));
  const known = (path: string) => memo.lookup(statSync(path, { bigint: true }));
  await hashAhead([files[0] ?? '', c.path('absent')], memo);
  expect(known(files[0] ?? '')).toBeUndefined();
  await hashAhead([files[0] ?? '', c.path('d'), c.path('absent')], memo);
  expect(files.map(known)).toEqual(files.map(digestFile));
  expect(known(small)).toBeUndefined();
});
