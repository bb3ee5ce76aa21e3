import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { pinInput } from '../../cache/inputs.ts';
import { escapingLink } from '../../cache/links.ts';
import { openMemo } from '../../cache/memo.ts';
import { placeForPeople } from '../../cache/placement.ts';
import { storeArtifact } from '../../cache/store.ts';
import { type Cellar, cellar } from '../rigs/cellar.ts';

async function codeOf(c: Cellar, name: string): Promise<string> {
  const stored = await storeArtifact(c.cache, c.path(name));
  return stored.ok ? 'ok' : stored.error.code;
}

function inputCode(c: Cellar, name: string): string {
  const pinned = pinInput(c.path(name), openMemo(c.path('memo')), 'input');
  return pinned.ok ? 'ok' : pinned.error.code;
}

/** Where the system ends up; undefined where there is nothing. */
function follow(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}

describe('names in a folder', () => {
  it.each(['new\nline', 'tab\t\u0001\u001b[31m', 'é', ' ', '-rf', 'x'.repeat(255)])(
    '%j comes back',
    async (name) => {
      const c = cellar();
      c.file(`d/${name}`, 'x');
      const stored = await storeArtifact(c.cache, c.path('d'));
      if (!stored.ok) throw new Error(stored.error.code);
      expect(placeForPeople(c.cache, stored.value, c.path('back')).ok).toBe(true);
      expect(readdirSync(c.path('back'))).toEqual([name]);
    },
  );

  it('that are not UTF-8 are refused, of files and of what links point to', async () => {
    const c = cellar();
    // Node's own removal cannot name such a file.
    onTestFinished(() => void spawnSync('rm', ['-rf', c.path('d'), c.path('e')]));
    mkdirSync(c.path('d'));
    writeFileSync(Buffer.concat([Buffer.from(c.path('d/')), Buffer.from([0xff])]), '');
    mkdirSync(c.path('e'));
    symlinkSync(Buffer.from([0xfe]), c.path('e/link'));
    expect([await codeOf(c, 'd'), await codeOf(c, 'e'), inputCode(c, 'd')]).toEqual([
      'bad-name',
      'bad-name',
      'bad-name',
    ]);
  });

  it.each([
    ['Read.me', 'read.ME'],
    ['caf\u00e9', 'cafe\u0301'],
    ['A/x', 'a/y'],
  ])('%j and %j are refused in what is stored, and taken in what is read', async (one, other) => {
    const c = cellar();
    c.file(`d/deep/${one}`, '1');
    c.file(`d/deep/${other}`, '2');
    expect(inputCode(c, 'd')).toBe('ok');
    expect(await codeOf(c, 'd')).toBe('name-collision');
  });
});

describe('what is no file is never opened', () => {
  it('a FIFO, a socket, a device, alone and in a folder', async () => {
    const c = cellar();
    mkdirSync(c.path('d'));
    const server = createServer();
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(c.path('socket'), resolve));
    spawnSync('mkfifo', [c.path('fifo'), c.path('d/fifo')]);
    for (const name of ['socket', 'fifo', 'd']) {
      expect([inputCode(c, name), await codeOf(c, name)]).toEqual(['special-file', 'special-file']);
    }
    expect(pinInput('/dev/zero', openMemo(c.path('memo')), 'input')).toMatchObject({
      error: { code: 'special-file' },
    });
  });
});

describe('links in a folder', () => {
  const cases: [verdict: string, links: { [path: string]: string }][] = [
    ['stays', { a: 'b' }],
    ['stays', { 'd/a': '../b' }],
    ['stays', { a: 'a' }],
    ['stays', { a: 'b', b: 'a' }],
    ['stays', { deep: 'x/y', a: 'deep/../..' }],
    ['leaves', { a: '..' }],
    ['leaves', { a: '/etc' }],
    ['leaves', { 'd/a': '../../d/a' }],
    ['leaves', { here: '.', a: 'here/../x' }],
    ['leaves', { up: 'd', 'd/down': '..', a: 'up/down/../../x' }],
  ];
  it.each(cases)('one that %s: %j', (verdict, links) => {
    expect(escapingLink(new Map(Object.entries(links))) === undefined ? 'stays' : 'leaves').toBe(verdict);
  });

  it('that are absolute are refused, also into the folder itself', async () => {
    const c = cellar();
    c.file('d/x', '');
    symlinkSync(c.path('d/x'), c.path('d/link'));
    const stored = await storeArtifact(c.cache, c.path('d'));
    expect(stored).toMatchObject({ error: { code: 'symlink-escapes' } });
    expect(stored.ok || stored.error.message).toContain('links in a folder are relative and stay inside');
  });

  it('that are judged to stay do, as the system follows them', () => {
    const root = cellar().path('root');
    const part = fc.constantFrom('a', 'b', 'd', '..', '.');
    const target = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
    const links = fc.dictionary(fc.constantFrom('a', 'b', 'd/a', 'd/b', 'd/e/a'), target, { maxKeys: 4 });
    let stayed = 0;
    fc.assert(
      fc.property(links, (all) => {
        if (escapingLink(new Map(Object.entries(all))) !== undefined) return;
        stayed += 1;
        mkdirSync(join(root, 'in', 'd', 'e'), { recursive: true });
        for (const name of ['x', 'd/x']) writeFileSync(join(root, 'in', name), '');
        for (const [path, to] of Object.entries(all)) symlinkSync(to, join(root, 'in', path));
        for (const path of Object.keys(all)) {
          const end = follow(join(root, 'in', path));
          if (end !== undefined) expect(`${end}/`).toContain(`${root}/in/`);
        }
        rmSync(root, { recursive: true });
      }),
      { numRuns: 300 },
    );
    expect(stayed).toBeGreaterThan(3);
  });
});

it('restoring removes what is not in the entry, and follows no link on the way', async () => {
  const c = cellar();
  c.file('d/x', 'x');
  mkdirSync(c.path('d/empty'));
  const stored = await storeArtifact(c.cache, c.path('d'));
  if (!stored.ok) throw new Error(stored.error.code);
  c.file('theirs/keep', 'keep');
  mkdirSync(c.path('out'));
  symlinkSync('../theirs', c.path('out/x'));
  placeForPeople(c.cache, stored.value, c.path('out'));
  expect(readdirSync(c.path('out')).sort()).toEqual(['empty', 'x']);
  expect(readFileSync(c.path('theirs/keep'), 'utf8')).toBe('keep');
});
