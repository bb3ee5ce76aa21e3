import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, it } from 'vitest';
import { digestBytes } from '../../base/digest.ts';
import { changedSince } from '../../cache/guards.ts';
import { isRacy } from '../../cache/identity.ts';
import { pinInput } from '../../cache/inputs.ts';
import { openMemo } from '../../cache/memo.ts';
import { cellar } from '../rigs/cellar.ts';

/** A time long past, so that the file's times vouch for it. */
function settle(path: string): void {
  utimesSync(path, 1e9, 1e9);
}

describe('the memo', () => {
  it('remembers a digest by device, inode, size and times, across processes', () => {
    const c = cellar();
    const path = c.file('a', 'hello');
    settle(path);
    const stat = statSync(path, { bigint: true });
    const memo = openMemo(c.path('memo'));
    expect(memo.lookup(stat)).toBeUndefined();
    memo.record(stat, digestBytes('hello'), Date.now());
    memo.flush();
    expect(openMemo(c.path('memo')).lookup(stat)).toBe(digestBytes('hello'));
    settle(c.file('a', 'other'));
    expect(openMemo(c.path('memo')).lookup(statSync(path, { bigint: true }))).toBeUndefined();
  });

  it('does not trust times that a later write could share', () => {
    const c = cellar();
    const path = c.file('a', 'hello');
    const stat = statSync(path, { bigint: true });
    const memo = openMemo(c.path('memo'));
    memo.record(stat, digestBytes('hello'), Number(stat.mtimeMs));
    expect(memo.lookup(stat)).toBeUndefined();
  });

  it('survives torn and foreign lines', () => {
    const c = cellar();
    const path = c.file('a', 'hello');
    settle(path);
    const stat = statSync(path, { bigint: true });
    const memo = openMemo(c.path('memo'));
    memo.record(stat, digestBytes('hello'), Date.now());
    memo.flush();
    appendFileSync(c.path('memo'), 'not a line\n12 34');
    expect(openMemo(c.path('memo')).lookup(stat)).toBe(digestBytes('hello'));
  });

  it('calls a time racy when it is not clearly older than the reading', () => {
    expect(isRacy(1_000_123_456_789n, 1_000_123)).toBe(true);
    expect(isRacy(1_000_123_456_789n, 1_000_500)).toBe(false);
    expect(isRacy(1_000_000_000_000n, 1_001_000)).toBe(true);
    expect(isRacy(9_000_000_456_789n, 1_000_000)).toBe(true);
  });
});

describe('pinned inputs', () => {
  it('leave out what tools keep in a folder', () => {
    const c = cellar();
    c.file('one/x', 'x');
    c.file('two/x', 'x');
    for (const name of ['.git/HEAD', '.warren/memo', '__pycache__/y', 'z.pyc']) c.file(`two/${name}`, '');
    const memo = openMemo(c.path('memo'));
    const one = pinInput(c.path('one'), memo, 'input');
    const two = pinInput(c.path('two'), memo, 'input');
    expect(one.ok && two.ok && one.value.artifact).toEqual(two.ok && two.value.artifact);
    expect(pinInput(c.path('two'), memo, 'whole')).not.toEqual(two);
  });

  it('tell a file that can be executed from one that cannot, alone and in a folder', () => {
    const c = cellar();
    c.file('plain/x', 'x', 0o644);
    c.file('runs/x', 'x', 0o755);
    const memo = openMemo(c.path('memo'));
    const artifactOf = (name: string) => {
      const pinned = pinInput(c.path(name), memo, 'input');
      return pinned.ok ? pinned.value.artifact : pinned.error;
    };
    expect(artifactOf('runs/x')).toEqual({ form: 'exec', digest: digestBytes('x') });
    expect(artifactOf('plain/x')).toEqual({ form: 'file', digest: digestBytes('x') });
    expect(artifactOf('runs')).not.toEqual(artifactOf('plain'));
  });

  it('follow a link to a file and refuse one that leaves a folder', () => {
    const c = cellar();
    symlinkSync(c.file('real', 'hello'), c.path('link'));
    mkdirSync(c.path('d'));
    symlinkSync('../real', c.path('d/link'));
    const memo = openMemo(c.path('memo'));
    expect(pinInput(c.path('link'), memo, 'input')).toMatchObject({
      value: { artifact: { digest: digestBytes('hello') } },
    });
    expect(pinInput(c.path('d'), memo, 'input')).toMatchObject({ error: { code: 'symlink-escapes' } });
    expect(pinInput(c.path('absent'), memo, 'input')).toMatchObject({ error: { code: 'missing' } });
  });

  it('are changed by any write, also one that was taken back', () => {
    const c = cellar();
    const path = c.file('a', 'hello');
    settle(path);
    const pinned = pinInput(path, openMemo(c.path('memo')), 'input');
    if (!pinned.ok) throw new Error(pinned.error.code);
    expect(changedSince(pinned.value.guards)).toBeUndefined();
    writeFileSync(path, 'HELLO');
    writeFileSync(path, 'hello');
    expect(readFileSync(path, 'utf8')).toBe('hello');
    expect(changedSince(pinned.value.guards)).toBe(path);
  });

  it('are asked for their bytes where a write in the same tick would leave equal times', () => {
    const c = cellar();
    const path = c.file('a', 'hello');
    const pinned = pinInput(path, openMemo(c.path('memo')), 'input');
    const guard = pinned.ok ? pinned.value.guards[0] : undefined;
    if (guard === undefined) throw new Error('a file has one guard');
    const later = { ...guard, digest: digestBytes('olleh') };
    expect(changedSince([{ ...later, racy: true }])).toBe(path);
    expect(changedSince([{ ...guard, racy: true }])).toBeUndefined();
    expect(changedSince([{ ...later, racy: false }])).toBeUndefined();
  });

  it('in a folder are changed by a new name', () => {
    const c = cellar();
    settle(c.file('d/x', 'x'));
    settle(c.path('d'));
    const pinned = pinInput(c.path('d'), openMemo(c.path('memo')), 'input');
    if (!pinned.ok) throw new Error(pinned.error.code);
    expect(changedSince(pinned.value.guards)).toBeUndefined();
    c.file('d/y', 'y');
    expect(changedSince(pinned.value.guards)).toBe(c.path('d'));
  });

  it('in a folder are vouched for together, and the one that changed is named', () => {
    const c = cellar();
    for (const name of ['d/a', 'd/b', 'd/e/f']) settle(c.file(name, name));
    for (const name of ['d', 'd/e']) settle(c.path(name));
    const pin = () => {
      const pinned = pinInput(c.path('d'), openMemo(c.path('memo')), 'input');
      if (!pinned.ok) throw new Error(pinned.error.code);
      return pinned.value.guards;
    };
    const guards = pin();
    expect(guards.map(({ path, files }) => [path, files?.names])).toEqual([
      [c.path('d'), ['a', 'b']],
      [c.path('d/e'), ['f']],
    ]);
    expect(changedSince(guards)).toBeUndefined();
    // A mode or a second name moves ctime alone: the bytes settle it.
    chmodSync(c.path('d/b'), 0o600);
    expect(changedSince(guards)).toBeUndefined();
    const stale = guards.map((guard) => ({
      ...guard,
      files: guard.files && { ...guard.files, contents: digestBytes('') },
    }));
    expect(changedSince(stale)).toBe(c.path('d/b'));
    appendFileSync(c.path('d/e/f'), '!');
    expect(changedSince(guards)).toBe(c.path('d/e/f'));
    settle(c.file('d/e/f', 'd/e/f'));
    expect(changedSince(guards)).toBeUndefined();
    rmSync(c.path('d/a'));
    expect(changedSince(pin())).toBeUndefined();
    expect(changedSince(guards)).toBe(c.path('d'));
  });

  it('in a folder are asked for their bytes where their times cannot tell', () => {
    const c = cellar();
    c.file('d/a', 'hello');
    settle(c.path('d'));
    const pinned = pinInput(c.path('d'), openMemo(c.path('memo')), 'input');
    const [guard] = pinned.ok ? pinned.value.guards : [];
    if (guard?.files === undefined) throw new Error('a folder has one guard');
    const { files } = guard;
    expect(files.racy).toBe(true);
    expect(changedSince([guard])).toBeUndefined();
    expect(changedSince([{ ...guard, files: { ...files, contents: digestBytes('olleh') } }])).toBe(
      c.path('d/a'),
    );
  });
});
