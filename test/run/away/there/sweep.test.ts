import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { sweepAttempts } from '../../../../engine/run/away/there/sweep.ts';

it('what was laid out and never begun goes after a day; what began or is young stays, and what was saved for a month', () => {
  const root = mkdtempSync(join(tmpdir(), 'sweep-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const attempts = join(root, 'projects/0123456789abcdef/attempts');
  const now = Date.now();
  const lay = (path: string, hours: number, ...more: string[]): void => {
    const folder = join(attempts, path);
    for (const part of ['in', 'job', '../state', ...more]) mkdirSync(join(folder, part), { recursive: true });
    const at = now / 1000 - hours * 3600;
    for (const each of [join(folder, 'job'), folder]) utimesSync(each, at, at);
  };
  lay('old/1', 25);
  lay('young/1', 23);
  lay('begun/1', 25, 'job/started');
  lay('saved/1', 25, '../state/checkpoint');
  lay('saved/2', 1);
  lay('waits/1', 25);
  utimesSync(join(attempts, 'waits/1/job'), now / 1000, now / 1000);
  const save = (key: string, days: number): void => {
    mkdirSync(join(attempts, key, 'state/checkpoint'), { recursive: true });
    const at = now / 1000 - days * 86_400;
    for (const each of ['state/checkpoint', 'state']) utimesSync(join(attempts, key, each), at, at);
  };
  save('moved', 31);
  save('lately', 29);
  sweepAttempts(root, '0123456789abcdef', now);
  expect(readdirSync(attempts).sort()).toEqual(['begun', 'lately', 'saved', 'waits', 'young']);
  expect(readdirSync(join(attempts, 'saved')).sort()).toEqual(['2', 'state']);
  expect(existsSync(join(attempts, 'waits/1/in'))).toBe(true);
  sweepAttempts(root, 'fedcba9876543210', now);
});
