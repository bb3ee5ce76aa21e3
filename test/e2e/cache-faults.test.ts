import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Tree } from '../rigs/program.ts';

const PIPELINE = `name: demo
stages:
  a: { run: 'head -c 300000 /dev/zero > \${out.o}; mkdir -p \${out.d}/sub; echo x > \${out.d}/sub/x; echo y > \${out.d}/y', out: { o: file, d: folder } }
  b: { in: { o: a.o, d: a.d, sub: a.d/sub }, run: 'wc -c < \${in.o} > \${out.o}; cat \${in.d}/y \${in.sub}/x >> \${out.o}', out: { o: file } }
out: { b: b.o, d: a.d }
`;

/** Mounts something at a folder until the test ends; false where that is not allowed. */
function mount(at: string, ...words: string[]): boolean {
  mkdirSync(at, { recursive: true });
  try {
    execFileSync('mount', [...words, at], { stdio: 'ignore' });
  } catch {
    return false;
  }
  onTestFinished(() => void execFileSync('umount', ['-l', at]));
  return true;
}

interface Answer {
  readonly outcome: string;
  readonly stages: readonly { readonly action: string; readonly failure?: { readonly code: string } }[];
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
}

async function run(
  tree: Tree,
  env: { readonly [name: string]: string } = {},
): Promise<Answer & { code: number | undefined }> {
  const { code, stdout, stderr } = await tree.start(['run', 'p.yaml', '--json'], env).done;
  if (stdout === '') throw new Error(stderr);
  return { code, ...(JSON.parse(stdout) as Answer) };
}

const actions = ({ stages }: Answer): string[] => stages.map(({ action }) => action);
const codes = ({ warnings }: Answer): string[] => [...new Set(warnings.map(({ code }) => code))];

describe('a cache that cannot be written', () => {
  it('read-only: every stage runs, what it made is used and not kept, and people are told', async (test) => {
    const tree = new Tree({ 'p.yaml': PIPELINE });
    const cache = tree.path('cache');
    if (!mount(cache, '-t', 'tmpfs', '-o', 'ro,size=1m', 'none')) return test.skip('mounting is not allowed');
    const ran = await run(tree, { WARREN_CACHE: cache });
    expect([ran.code, ran.outcome, actions(ran), codes(ran)]).toEqual([
      0,
      'done',
      ['ran', 'ran'],
      ['cache-write'],
    ]);
    expect(tree.read('out/demo/b')).toBe('300000\ny\nx\n');
    expect(tree.read('out/demo/d/sub/x')).toBe('x\n');
    expect(ran.warnings.map(({ message }) => message.split(':')[0])).toEqual([
      'The cache cannot be written',
      'The result of a could not be stored',
      'The result of b could not be stored',
    ]);
    expect(actions(await run(tree, { WARREN_CACHE: cache }))).toEqual(['ran', 'ran']);
    const said = await tree.start(['run', 'p.yaml'], { WARREN_CACHE: cache }).done;
    expect(said.stderr).toContain('warning[cache-write]: The result of a could not be stored: EROFS');
  });

  it('full while an output is stored: nothing half stands there, and with room everything is kept', async (test) => {
    const tree = new Tree({ 'p.yaml': PIPELINE });
    const cache = tree.path('cache');
    if (!mount(cache, '-t', 'tmpfs', '-o', 'size=200k', 'none')) return test.skip('mounting is not allowed');
    const ran = await run(tree, { WARREN_CACHE: cache });
    expect([ran.code, ran.outcome, actions(ran), codes(ran)]).toEqual([
      0,
      'done',
      ['ran', 'ran'],
      ['cache-write'],
    ]);
    expect(tree.read('out/demo/b')).toBe('300000\ny\nx\n');
    const verified = await tree.start(['cache', 'verify', '--json'], { WARREN_CACHE: cache }).done;
    expect(JSON.parse(verified.stdout)).toMatchObject({ bad: [], badRecords: [], strangers: [] });
    execFileSync('mount', ['-o', 'remount,size=4m', cache]);
    expect(actions(await run(tree, { WARREN_CACHE: cache }))).toEqual(['ran', 'fresh']);
    const fresh = await run(tree, { WARREN_CACHE: cache });
    expect([actions(fresh), fresh.warnings]).toEqual([['fresh', 'fresh'], []]);
    const left = existsSync(tree.path('.warren/attempts')) ? readdirSync(tree.path('.warren/attempts')) : [];
    expect(left.length).toBeLessThan(3);
  });

  it('full without room for a lock, a record or a lease', async (test) => {
    const tree = new Tree({ 'p.yaml': PIPELINE });
    const cache = tree.path('cache');
    if (!mount(cache, '-t', 'tmpfs', '-o', 'size=64k,nr_inodes=12', 'none'))
      return test.skip('mounting is not allowed');
    for (let i = 0; i < 12; i++) {
      try {
        writeFileSync(join(cache, `fill${i}`), Buffer.alloc(8192));
      } catch {
        break;
      }
    }
    const ran = await run(tree, { WARREN_CACHE: cache });
    expect([ran.code, actions(ran), codes(ran)]).toEqual([0, ['ran', 'ran'], ['cache-write']]);
    expect(tree.read('out/demo/b')).toBe('300000\ny\nx\n');
  });
});

describe('a home that cannot be written', () => {
  it('read-only: what is fresh is fresh, what has to run fails with the reason', async (test) => {
    const tree = new Tree({ 'p.yaml': PIPELINE });
    const home = tree.path('home');
    const env = { WARREN_HOME: home, WARREN_CACHE: tree.path('cache') };
    if (!mount(home, '-t', 'tmpfs', '-o', 'size=8m', 'none')) return test.skip('mounting is not allowed');
    expect((await run(tree, env)).code).toBe(0);
    execFileSync('mount', ['-o', 'remount,ro', home]);
    const fresh = await run(tree, env);
    expect([fresh.code, actions(fresh), codes(fresh)]).toEqual([0, ['fresh', 'fresh'], ['journal-write']]);
    rmSync(tree.path('cache'), { recursive: true });
    const failed = await run(tree, env);
    expect([failed.code, failed.stages[0]?.failure?.code]).toEqual([1, 'cannot-write']);
  });

  it('full: the journal breaks off, the stage fails with the reason or has its result, nothing is torn', async (test) => {
    const tree = new Tree({ 'p.yaml': PIPELINE });
    const home = tree.path('home');
    const env = { WARREN_HOME: home, WARREN_CACHE: tree.path('cache') };
    if (!mount(home, '-t', 'tmpfs', '-o', 'size=160k', 'none')) return test.skip('mounting is not allowed');
    const ran = await run(tree, env);
    expect([ran.code, ran.outcome]).toEqual([1, 'failed']);
    execFileSync('mount', ['-o', 'remount,size=8m', home]);
    const again = await run(tree, env);
    expect([again.code, actions(again)]).toEqual([0, ['ran', 'ran']]);
  });
});

describe('a cache on another device', () => {
  it('gives stages copies, and takes outputs by copying', async (test) => {
    const tree = new Tree({ 'p.yaml': PIPELINE });
    const cache = tree.path('cache');
    if (!mount(cache, '-t', 'tmpfs', '-o', 'size=4m', 'none')) return test.skip('mounting is not allowed');
    const ran = await run(tree, { WARREN_CACHE: cache });
    expect([ran.code, actions(ran), ran.warnings]).toEqual([0, ['ran', 'ran'], []]);
    rmSync(tree.path('out'), { recursive: true });
    expect(actions(await run(tree, { WARREN_CACHE: cache }))).toEqual(['restored', 'restored']);
    expect(tree.read('out/demo/b')).toBe('300000\ny\nx\n');
  });
});
