import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { digestBytes } from '../../base/digest.ts';
import type { Key } from '../../base/ids.ts';
import { openLocks } from '../../cache/locks.ts';
import { findLeftovers, removeLeftovers } from '../../engine/run/leftovers.ts';
import { workshop } from '../rigs/workshop.ts';

const DAY = 86_400;

it('old states of stages that never succeeded go, logs and what is being made stay', () => {
  const w = workshop({});
  const keys = ['old', 'young', 'running'].map((name) => digestBytes(name) as string as Key);
  const [old, young, running] = keys.map((key) => join(w.project.home, 'attempts', key.slice(7))) as [
    string,
    string,
    string,
  ];
  const ago = (days: number): number => Date.now() / 1000 - days * DAY;
  const write = (path: string, days: number): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, 'x');
    utimesSync(path, ago(days), ago(days));
    for (let at = dirname(path); at.startsWith(w.project.home); at = dirname(at))
      utimesSync(at, ago(days), ago(days));
  };
  for (const [folder, days] of [
    [old, 31],
    [running, 31],
    [young, 29],
  ] as const) {
    for (const name of ['state/checkpoint', '2/out/half', '2/log', 'fingerprint.json'])
      write(join(folder, name), days);
  }
  const spare = join(w.project.home, 'spare', 'abc', '1');
  mkdirSync(spare, { recursive: true });
  write(join(w.root, 'out/p/.tmp-1-abc-x'), 1);
  w.write('out/p/x', 'mine');
  const locks = openLocks(w.project.cache);
  locks.tryLock(keys[2] as Key);
  const found = findLeftovers(w.project, Date.now());
  expect(found.states).toEqual([old, running].sort());
  removeLeftovers(w.project, found, locks);
  expect(readdirSync(old).sort()).toEqual(['2', 'fingerprint.json']);
  expect(readdirSync(join(old, '2'))).toEqual(['log']);
  expect([running, young].map((folder) => existsSync(join(folder, 'state/checkpoint')))).toEqual([
    true,
    true,
  ]);
  expect([existsSync(spare), w.list('out/p')]).toEqual([false, ['x']]);
  locks.close();
});
