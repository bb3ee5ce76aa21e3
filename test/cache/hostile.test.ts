import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestBytes } from '../../base/digest.ts';
import type { Digest, Key, RunId, StageId } from '../../base/ids.ts';
import { recordIn, recordText } from '../../cache/action-text.ts';
import { type ActionRecord, publishAction, readAction, readOwns } from '../../cache/actions.ts';
import { collect } from '../../cache/gc/collect.ts';
import { objectPath } from '../../cache/layout.ts';
import { readLeases } from '../../cache/leases.ts';
import { openLocks } from '../../cache/locks.ts';
import { openMemo } from '../../cache/memo.ts';
import { ownerIn } from '../../cache/owner.ts';
import { handToStage, placeForPeople } from '../../cache/placement.ts';
import { leaveRoot, parseKeys, readRoots } from '../../cache/roots.ts';
import { storeArtifact } from '../../cache/store.ts';
import { firstLost, memberOf, readTree } from '../../cache/tree.ts';
import { verifyCache } from '../../cache/verify.ts';
import { type Cellar, cellar } from '../rigs/cellar.ts';

const KEY = digestBytes('key') as string as Key;
const X = digestBytes('x');
const GOOD: ActionRecord = {
  schema: 'warren/action/1',
  key: KEY,
  fingerprint: { kind: 'x', in: {}, with: { rate: 1 } },
  outputs: { o: { form: 'file', digest: X } },
  kind: 'x',
  run: 'r' as RunId,
  seconds: 1,
  machine: { platform: 'linux', arch: 'x64', cpu: 'any' },
  notes: ['a note'],
  reports: [],
};

/** A tree object whose digest is right, whatever it says. */
function forge({ cache }: Cellar, text: string): Digest {
  const digest = digestBytes(text);
  const path = objectPath(cache, digest, 'tree');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return digest;
}

describe('the list of a folder', () => {
  const lists: { [name: string]: unknown } = {
    'a way up': [['../x', 'file', X]],
    'an absolute name': [['/tmp/x', 'file', X]],
    'an empty name': [['', 'file', X]],
    'an empty part': [['a//b', 'file', X]],
    'a dot': [['a/./b', 'file', X]],
    'a name with a zero byte': [['a\0b', 'file', X]],
    'a name of 256 bytes': [['x'.repeat(256), 'file', X]],
    'a name twice': [
      ['a', 'file', X],
      ['a', 'exec', X],
    ],
    'a file with members': [
      ['a', 'file', X],
      ['a/b', 'file', X],
    ],
    'a link with members': [
      ['a', 'link', 'b'],
      ['a/x', 'file', X],
    ],
    'a link with members, by another case': [
      ['A', 'link', 'b'],
      ['a/x', 'file', X],
    ],
    'a link out': [['a', 'link', '../x']],
    'a link to a root': [['a', 'link', '/etc']],
    'a way out in two links': [
      ['a', 'link', 'here/../x'],
      ['here', 'link', '.'],
    ],
    'a digest that is a path': [['a', 'file', 'sha256:../../x']],
    'an unknown form': [['a', 'fifo']],
    'no list': { a: 1 },
    'no entries': [1, null],
  };

  it.each(Object.keys(lists))('with %s is none', async (name) => {
    const c = cellar();
    c.file('x', 'x');
    await storeArtifact(c.cache, c.path('x'));
    const digest = forge(c, `warren/tree/1\n${JSON.stringify(lists[name])}`);
    const artifact = { form: 'tree', digest } as const;
    expect(readTree(c.cache, digest)).toBeUndefined();
    expect(firstLost(c.cache, artifact)).toBe(digest);
    expect(handToStage(c.cache, artifact, c.path('in'))).toMatchObject({ error: { code: 'lost' } });
    expect(placeForPeople(c.cache, artifact, c.path('out'))).toMatchObject({ error: { code: 'lost' } });
    expect(memberOf(c.cache, artifact, 'a')).toMatchObject({ error: { code: 'lost' } });
    expect(readdirSync(c.path(''))).toEqual([]);
    await publishAction(c.cache, { ...GOOD, outputs: { o: artifact } }, false);
    const { bad } = await verifyCache(c.cache, { repair: false });
    expect(bad).toMatchObject([{ fault: 'bad-list', digest, needed: [{ key: KEY }] }]);
  });

  it('of any text never reaches out of the folder', () => {
    const c = cellar();
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom('..', '.', 'a', 'a/b', '../a', 'A', X, 'file', 'link', 'dir'),
    );
    const entry = fc.oneof(
      fc.array(text, { maxLength: 4 }),
      fc.json().map((json) => JSON.parse(json) as unknown),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(entry, { maxLength: 4 }).map((all) => JSON.stringify(all)),
          fc.string(),
        ),
        (list) => {
          const artifact = { form: 'tree', digest: forge(c, `warren/tree/1\n${list}`) } as const;
          rmSync(c.path('down'), { recursive: true, force: true });
          placeForPeople(c.cache, artifact, c.path('down/out'));
          firstLost(c.cache, artifact);
          const around = existsSync(c.path('down')) ? readdirSync(c.path('down')) : [];
          expect(
            [...around, ...readdirSync(c.path(''))].filter((name) => !['down', 'out'].includes(name)),
          ).toEqual([]);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('an action record', () => {
  it('that lost or gained any bit is none', () => {
    const bytes = Buffer.from(recordText(GOOD));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length * 8 - 1 }), (bit) => {
        const spoiled = Buffer.from(bytes);
        spoiled[bit >> 3] = (spoiled[bit >> 3] as number) ^ (1 << (bit & 7));
        const read = recordIn(spoiled.toString('utf8'), KEY);
        if (read !== undefined) expect(read).toEqual(GOOD);
      }),
      { numRuns: 500 },
    );
  });

  it('that was cut anywhere is none, or whole', () => {
    const text = recordText(GOOD);
    for (let end = 0; end < text.length; end++) {
      const read = recordIn(text.slice(0, end), KEY);
      if (read !== undefined) expect(read).toEqual(GOOD);
    }
    expect(recordIn(text.slice(0, -90), KEY)).toBeUndefined();
  });

  const fields: [field: string, value: unknown][] = [
    ['outputs', { o: { form: 'file', digest: 'sha256:../../../../etc/passwd' } }],
    ['outputs', { o: { form: 'door', digest: X } }],
    ['outputs', { o: null }],
    ['outputs', [1]],
    ['key', 'sha256:x'],
    ['fingerprint', 'x'],
    ['notes', 'x'],
    ['reports', [1]],
    ['machine', null],
    ['seconds', '1'],
    ['run', 7],
  ];
  it.each(fields)('whose %s is %j is none', (field, value) => {
    expect(recordIn(recordText({ ...GOOD, [field]: value } as ActionRecord), KEY)).toBeUndefined();
  });
});

describe('any text', () => {
  it('in the place of records, lists, leases, roots, locks, the memo and the index harms nobody', async () => {
    const texts = fc.oneof(
      fc.string({ maxLength: 80 }),
      fc.json(),
      fc.constantFrom(
        recordText(GOOD),
        `${KEY.slice(7)} "a"\nplanned`,
        '{"pid":-1}',
        '{"pid":"x","host":1}\n',
      ),
    );
    await fc.assert(
      fc.asyncProperty(texts, fc.integer({ min: 0, max: 40 }), async (text, cut) => {
        const c = cellar();
        const spoiled = text.slice(cut % (text.length + 1)) + text.slice(0, cut);
        for (const path of [
          'leases/l',
          'roots/r',
          `locks/${KEY.slice(7)}`,
          'actions/own.index',
          'actions/ab/cd.json',
          'memo',
        ]) {
          mkdirSync(dirname(join(c.cache, path)), { recursive: true });
          writeFileSync(join(c.cache, path), spoiled);
        }
        readLeases(c.cache, { now: () => Date.now() + 1e9, steady: () => 0 });
        readRoots(c.cache);
        readOwns(c.cache);
        ownerIn(spoiled);
        parseKeys(spoiled.split('\n'));
        expect(readAction(c.cache, KEY)).toBeUndefined();
        const memo = openMemo(join(c.cache, 'memo'));
        memo.flush();
        const locks = openLocks(c.cache);
        locks.tryLock(KEY);
        locks.close();
        rmSync(join(c.cache, 'leases'), { recursive: true });
        expect((await collect(c.cache, { keepLast: 1, maxSize: 0 }, { dryRun: false })).ok).toBe(true);
        await verifyCache(c.cache, { repair: true });
      }),
      { numRuns: 40 },
    );
  });

  it('after a root or lease costs only the lines that are none', () => {
    const c = cellar();
    const of = { project: '/', pipeline: 'p', file: '/p.yaml', targets: [] };
    const path = leaveRoot(c.cache, of, true, new Map([[KEY, 'a "quoted"\nname' as StageId]])) as string;
    appendFileSync(path, 'xyz\n"\n');
    expect(readRoots(c.cache)).toMatchObject([{ keys: [[KEY, 'a "quoted"\nname']], complete: true }]);
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(5);
  });
});
