import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { digestBytes } from '../../base/digest.ts';
import type { Digest, Key, StageId } from '../../base/ids.ts';
import { lockFilePath, readLockFile, writeLockFile } from '../../engine/lock/file.ts';
import { type LockEntries, type LockEntry, lockText, parseWritten } from '../../engine/lock/format.ts';
import { mergeLocks } from '../../engine/lock/merge.ts';
import { understandLock } from '../../engine/lock/understand.ts';

const digest = fc.integer().map((seed) => digestBytes(String(seed)));
const name = fc.stringMatching(/^[A-Za-z][\w-]{0,8}$/).filter((text) => text !== '__proto__');
const id = fc.oneof(
  name,
  fc
    .tuple(name, name, fc.jsonValue())
    .map(([a, axis, value]) => `${a}[${axis}=${JSON.stringify(value)}]/${a}`),
);
const form = fc.constantFrom('file', 'exec', 'tree');
const entry = fc.record({
  key: digest as fc.Arbitrary<string>,
  out: fc.dictionary(name, fc.record({ form, digest }), { noNullPrototype: true }),
}) as fc.Arbitrary<unknown> as fc.Arbitrary<LockEntry>;
const entries = fc.array(fc.tuple(id, entry)).map((pairs) => new Map(pairs) as unknown as LockEntries);

function plain(lock: LockEntries | undefined): unknown {
  return [...(lock ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
}

describe('the text of a lock file', () => {
  it('is read back by both readers, and by any other YAML reader', () => {
    fc.assert(
      fc.property(entries, (lock) => {
        const text = lockText(lock);
        expect(plain(parseWritten(text))).toEqual(plain(lock));
        const understood = understandLock('x.lock.yaml', text);
        expect(understood.ok && plain(understood.value)).toEqual(plain(lock));
        const { stages } = parse(text) as { stages: { [id: string]: { key: string } } };
        expect(Object.keys(stages).length).toBe(lock.size);
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  it('stands in code-point order whatever the order of the stages', () => {
    fc.assert(
      fc.property(entries, (lock) => {
        expect(lockText(new Map([...lock].reverse()))).toBe(lockText(lock));
      }),
      { seed: 2, numRuns: 30 },
    );
  });

  it('that is torn, or edited anywhere, gives no entry that was not written', () => {
    fc.assert(
      fc.property(entries, fc.nat(), fc.string({ maxLength: 3 }), (lock, at, text) => {
        const whole = lockText(lock);
        const position = at % (whole.length + 1);
        for (const changed of [
          whole.slice(0, position),
          whole.slice(0, position) + text + whole.slice(position + 1),
        ]) {
          const read = parseWritten(changed);
          if (read !== undefined) expect(lockText(read)).toBe(changed);
          const understood = understandLock('x', changed);
          for (const [, { key, out }] of understood.ok ? understood.value : []) {
            expect(key).toMatch(/^sha256:[0-9a-f]{64}$/);
            for (const artifact of Object.values(out))
              expect(artifact.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
          }
        }
      }),
      { seed: 3, numRuns: 150 },
    );
  });
});

const WRONG: { readonly [what: string]: [text: string, code: string] } = {
  'of another schema': ['schema: warren/lock/2\nstages: {}\n', 'lock-schema'],
  'without a schema': ['stages: {}\n', 'lock-schema'],
  'that is a list': ['- a\n', 'lock-invalid'],
  'with an unknown field': ['schema: warren/lock/1\nstages: {}\nmore: 1\n', 'lock-invalid'],
  'with a short digest': [
    `schema: warren/lock/1\nstages:\n  a: { key: "${digestBytes('a')}", out: { o: file sha256:12 } }\n`,
    'lock-invalid',
  ],
  'with a key that is none': ['schema: warren/lock/1\nstages:\n  a: { key: x, out: {} }\n', 'lock-invalid'],
  'with conflict markers': ['<<<<<<< ours\na: 1\n=======\na: 2\n>>>>>>> theirs\n', 'merge-conflict'],
  'that is torn': ['schema: warren/lock/1\nstages:\n  "a', 'yaml-syntax'],
};

describe('a lock file', () => {
  function file(text?: string): string {
    const folder = mkdtempSync(join(tmpdir(), 'lock-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const pipeline = join(folder, 'p.yaml');
    if (text !== undefined) writeFileSync(lockFilePath(pipeline), text);
    return pipeline;
  }

  it.each(Object.entries(WRONG))('%s counts as empty, with a reason and a place', async (_, [text, code]) => {
    const read = await readLockFile(file(text));
    expect(read.entries.size).toBe(0);
    expect(read.problem).toMatchObject({ code, severity: 'warning', place: { line: expect.any(Number) } });
  });

  it('is not touched when nothing has changed, nor when it is of another schema', async () => {
    const pipeline = file(lockText(new Map()));
    const path = lockFilePath(pipeline);
    utimesSync(path, 1e9, 1e9);
    expect(writeLockFile(await readLockFile(pipeline), new Map())).toBe(false);
    writeFileSync(path, 'schema: warren/lock/2\n');
    utimesSync(path, 1e9, 1e9);
    expect(writeLockFile(await readLockFile(pipeline), new Map())).toBe(false);
    expect(statSync(path).mtimeMs).toBe(1e12);
  });

  it('is named after its pipeline file', () => {
    expect(['a/p.yaml', 'a/p.yml', 'a/p.x'].map(lockFilePath)).toEqual([
      'a/p.lock.yaml',
      'a/p.lock.yaml',
      'a/p.x.lock.yaml',
    ]);
  });
});

describe('merging', () => {
  const one = (text: string): LockEntry => ({
    key: digestBytes(text) as string as Key,
    out: { o: { form: 'file', digest: digestBytes(text) as Digest } },
  });
  const lock = (stages: { readonly [id: string]: string }): LockEntries =>
    new Map(Object.entries(stages).map(([stage, text]) => [stage as StageId, one(text)]));

  it('takes every change of either side, and drops a stage that both changed differently', () => {
    const base = lock({ same: '1', ours: '1', theirs: '1', gone: '1', both: '1', clash: '1', left: '1' });
    const ours = lock({ same: '1', ours: '2', theirs: '1', both: '2', clash: '2', left: '2', new: '1' });
    const theirs = lock({ same: '1', ours: '1', theirs: '3', gone: '1', both: '2', clash: '3', add: '1' });
    const merged = mergeLocks(base, ours, theirs);
    expect(merged.entries).toEqual(
      lock({ same: '1', ours: '2', theirs: '3', both: '2', new: '1', add: '1' }),
    );
    expect(merged.dropped).toEqual(['clash', 'left']);
  });
});
