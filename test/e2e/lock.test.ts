/** @file Lock files in the hands of git (N18), and in front of the seal. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { digestBytes } from '../../base/digest.ts';
import type { Key, StageId } from '../../base/ids.ts';
import { type LockEntries, lockText, parseWritten } from '../../engine/lock/format.ts';
import { type Outcome, Tree } from '../rigs/program.ts';

const MAIN = join(import.meta.dirname, '../../dist/engine/cli/main.js');
const FILE = 'p.lock.yaml';

function lock(stages: { readonly [id: string]: string }): string {
  const entries = Object.entries(stages).map(
    ([id, text]): [StageId, LockEntries extends ReadonlyMap<StageId, infer E> ? E : never] => {
      const digest = digestBytes(text);
      const out = { a: { form: 'file', digest }, b: { form: 'tree', digest } } as const;
      return [id as StageId, { key: digest as string as Key, out }];
    },
  );
  return lockText(new Map(entries));
}

interface Repository {
  readonly tree: Tree;
  git(...args: string[]): Promise<{ readonly code: number | undefined; readonly said: string }>;
}

/** Two branches that each change the lock file of their common commit; `ours` is checked out. */
async function branches(base: string, ours: string, theirs: string, driver: boolean): Promise<Repository> {
  const tree = new Tree({ [FILE]: base });
  const git: Repository['git'] = async (...args) => {
    const env = { PATH: process.env['PATH'] ?? '', HOME: tree.folder, GIT_CONFIG_NOSYSTEM: '1' };
    const who = ['-c', 'user.name=n', '-c', 'user.email=n@example.org'];
    const options = { cwd: tree.folder, env, extendEnv: false, reject: false, all: true } as const;
    const { exitCode, all } = await execa('git', [...who, ...args], options);
    return { code: exitCode, said: all };
  };
  const commit = async (text: string): Promise<void> => {
    tree.write(FILE, text);
    await git('add', '-A');
    await git('commit', '-q', '-m', 'lock');
  };
  await git('init', '-q', '-b', 'base');
  if (driver) {
    tree.write('.gitattributes', '*.lock.yaml merge=warren-lock\n');
    await git('config', 'merge.warren-lock.driver', `${process.execPath} ${MAIN} lock merge %O %A %B`);
  }
  await commit(base);
  await git('checkout', '-q', '-b', 'theirs');
  await commit(theirs);
  await git('checkout', '-q', '-b', 'ours', 'base');
  await commit(ours);
  return { tree, git };
}

const BASE = { a: '1', b: '1', c: '1', d: '1' };

describe('two branches (N18)', () => {
  it('that changed different stages, even neighbours, merge by lines', async () => {
    const ours = lock({ ...BASE, b: '2' });
    const theirs = lock({ ...BASE, a: '3', c: '3' });
    const { tree, git } = await branches(lock(BASE), ours, theirs, false);
    expect(await git('merge', '-q', 'theirs')).toMatchObject({ code: 0 });
    expect(tree.read(FILE)).toBe(lock({ a: '3', b: '2', c: '3', d: '1' }));
  });

  it('that added stages at one place merge by the driver, and not without it', async () => {
    const texts = [lock(BASE), lock({ ...BASE, ca: '2' }), lock({ ...BASE, cb: '3' })] as const;
    const without = await branches(...texts, false);
    expect(await without.git('merge', '-q', 'theirs')).toMatchObject({ code: 1 });
    const { tree, git } = await branches(...texts, true);
    expect(await git('merge', '-q', 'theirs')).toMatchObject({ code: 0 });
    expect(tree.read(FILE)).toBe(lock({ ...BASE, ca: '2', cb: '3' }));
  });

  it('that changed one stage differently keep neither, and say so', async () => {
    const texts = [lock(BASE), lock({ ...BASE, b: '2' }), lock({ ...BASE, b: '3' })] as const;
    const { tree, git } = await branches(...texts, true);
    const { code, said } = await git('merge', '-q', 'theirs');
    expect(code).toBe(0);
    expect(said).toContain('lock-conflict');
    expect([...(parseWritten(tree.read(FILE))?.keys() ?? [])]).toEqual(['a', 'c', 'd']);
  });

  it('of which one is broken are left to people', async () => {
    const texts = [lock(BASE), lock({ ...BASE, b: '2' }), 'schema: warren/lock/2\n'] as const;
    const { git } = await branches(...texts, true);
    const { code, said } = await git('merge', '-q', 'theirs');
    expect(code).toBe(1);
    expect(said).toContain('lock-schema');
  });
});

const YAML = `name: p
stages:
  a: { run: "echo 1 > \${out.o}", out: { o: file } }
out: { o: a.o }
`;

describe('a sealed call', () => {
  const run = (tree: Tree, ...args: string[]): Promise<Outcome> => tree.warren('run', 'p.yaml', ...args);

  it('notices a lock file that was deleted, edited or added', async () => {
    const tree = new Tree({ 'p.yaml': YAML });
    await run(tree);
    const text = tree.read(FILE);
    expect((await run(tree)).stderr).toContain('nothing to do');
    rmSync(tree.path(FILE));
    await run(tree);
    expect(tree.read(FILE)).toBe(text);
    tree.write(FILE, lock({ a: '1' }));
    expect((await run(tree, '--frozen')).stderr).toContain('a has another key');
    await run(tree);
    expect(tree.read(FILE)).toBe(text);
  });

  it('of a part does not hide from --frozen that the lock file is outdated', async () => {
    const more = YAML.replace('\nout:', '\n  b: { run: "echo 2 > ${out.o}", out: { o: file } }\nout:');
    const tree = new Tree({ 'p.yaml': more, [FILE]: lock({}) });
    expect((await run(tree, 'a')).code).toBe(0);
    const { code, document } = await tree.json('run', 'p.yaml', 'a', '--frozen');
    expect([code, document]).toMatchObject([3, { lock: [{ stage: 'a', fault: 'missing' }] }]);
  });

  it('notices other settings', async () => {
    const tree = new Tree({ 'p.yaml': YAML });
    await run(tree);
    tree.write('warren.yaml', '# more\n');
    expect((await run(tree)).stderr).toContain('done in');
    expect((await run(tree)).stderr).toContain('nothing to do');
  });
});
