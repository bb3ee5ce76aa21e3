import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestBytes } from '../../base/digest.ts';
import type { Key, RunId } from '../../base/ids.ts';
import { type ActionRecord, ownDigest, publishAction, readAction, readOwns } from '../../cache/actions.ts';
import { actionPath } from '../../cache/layout.ts';
import { cellar } from '../rigs/cellar.ts';

const KEY = digestBytes('key') as string as Key;

function record(run: string, key: Key = KEY): ActionRecord {
  return {
    schema: 'warren/action/1',
    key,
    fingerprint: { kind: 'x', in: {} },
    outputs: { o: { form: 'file', digest: digestBytes(run) } },
    kind: 'x',
    run: run as RunId,
    seconds: 1,
    machine: { platform: 'linux', arch: 'x64', cpu: 'any' },
    notes: [],
    reports: [],
  };
}

describe('actions', () => {
  it('the first record for a key stays, and the loser is given it', async () => {
    const { cache } = cellar();
    expect((await publishAction(cache, record('first'), false)).run).toBe('first');
    expect((await publishAction(cache, record('second'), false)).run).toBe('first');
    expect(readAction(cache, KEY)).toEqual(record('first'));
  });

  it('--force replaces it', async () => {
    const { cache } = cellar();
    await publishAction(cache, record('first'), false);
    expect((await publishAction(cache, record('second'), true)).run).toBe('second');
    expect(readAction(cache, KEY)?.run).toBe('second');
  });

  it('a torn record, and one under the name of another key, is none; the next one takes its place', async () => {
    const { cache } = cellar();
    await publishAction(cache, record('first'), false);
    const other = digestBytes('other') as string as Key;
    mkdirSync(dirname(actionPath(cache, other)), { recursive: true });
    copyFileSync(actionPath(cache, KEY), actionPath(cache, other));
    expect(readAction(cache, other)).toBeUndefined();
    writeFileSync(actionPath(cache, KEY), '{"schema":"warren/act');
    expect(readAction(cache, KEY)).toBeUndefined();
    expect((await publishAction(cache, record('second'), false)).run).toBe('second');
    expect(readAction(cache, KEY)?.run).toBe('second');
  });

  it('are listed by what is known before their inputs are, and nothing temporary stays', async () => {
    const { cache } = cellar();
    await publishAction(cache, record('first'), false);
    expect(readOwns(cache).has(ownDigest({ kind: 'x', in: { other: 1 } }))).toBe(true);
    expect(readOwns(cache).has(ownDigest({ kind: 'y', in: {} }))).toBe(false);
    expect(readdirSync(dirname(actionPath(cache, KEY)))).toHaveLength(1);
  });
});
