import { chmodSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Started, Tree } from '../rigs/program.ts';
import { type Puppet, type Puppets, startPuppets } from '../rigs/puppets.ts';

interface Stage {
  readonly tree: Tree;
  readonly p: Puppets;
  readonly running: Started;
  readonly puppet: Puppet;
}

/** A run whose first stage has ended and whose second waits for the test, with its key's lock. */
async function midway(): Promise<Stage> {
  const p = await startPuppets();
  onTestFinished(() => p.close());
  const tree = new Tree({
    'p.yaml': `stages:
  a: { run: "echo made > \${out.o}; echo printed", out: { o: file } }
  b: { run: ${p.run('b', 'out.o')}, in: { o: a.o }, out: { o: file } }
  c: { run: "cat \${in.o} > \${out.o}; echo the end", in: { o: b.o }, out: { o: file } }
out: { c: c.o }
`,
  });
  const running = tree.start(['run', 'p.yaml']);
  const puppet = await p.next('b');
  await puppet.print('half way\n');
  // Until the engine has heard it.
  for (let text = ''; !text.includes('half way'); ) text = (await tree.warren('logs', 'b')).stdout;
  return { tree, p, running, puppet };
}

/** Every file and folder below `.warren` with its size and times; `plan` and `graph` may keep what they compiled. */
function snapshot(tree: Tree): string[] {
  const walk = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (path === tree.path('.warren/plans')) return [];
      const { size, mtimeMs } = statSync(path);
      // The heartbeat of the run's own locks.
      const own = path.includes('/locks/') ? [path] : [`${path} ${size} ${mtimeMs}`];
      return entry.isDirectory() ? [...own, ...walk(path)] : own;
    });
  return walk(tree.path('.warren')).sort();
}

const READERS = [
  ['status'],
  ['status', 'p.yaml'],
  ['runs'],
  ['runs', 'p.yaml', '-n', '1'],
  ['logs', 'a'],
  ['logs', 'p.yaml', 'b'],
  ['why', 'b'],
  ['plan', 'p.yaml'],
  ['graph', 'p.yaml'],
  ['cache', 'du'],
];

describe('N14: readers while a run goes on', () => {
  it('answer at once, tell what is running, and write nothing', async () => {
    const { tree, running, puppet } = await midway();
    const before = snapshot(tree);
    for (const args of READERS) {
      const { code, stderr } = await tree.warren(...args);
      expect([args, code, stderr]).toEqual([args, 0, '']);
    }
    expect(snapshot(tree)).toEqual(before);
    expect((await tree.json('status')).document).toMatchObject({
      state: 'running',
      stages: [
        { id: 'a', state: 'ran' },
        { id: 'b', state: 'running', last: 'half way' },
        { id: 'c', state: 'waiting' },
      ],
    });
    expect((await tree.warren('status')).stdout).toMatch(/b {5}running \S+ {2}\| half way/);
    expect((await tree.warren('why', 'b')).stdout).toContain('not ended  because no earlier result');
    expect((await tree.json('runs')).document).toMatchObject({
      runs: [{ pipeline: 'p', state: 'running', counts: { ran: 1, failed: 0 }, running: 1, seconds: null }],
      more: 0,
    });
    await puppet.write(puppet.words[0] as string, 'b');
    puppet.exit();
    expect((await running.done).code).toBe(0);
  });

  it('logs -f waits for a stage that has not started, and ends with it', async () => {
    const { tree, running, puppet } = await midway();
    const following = tree.start(['logs', 'c', '-f']);
    const both = tree.start(['logs', 'p.yaml', 'b', '-f']);
    await both.printed('half way');
    await puppet.print('nearly');
    await puppet.write(puppet.words[0] as string, 'b');
    puppet.exit();
    expect(await following.done).toEqual({ code: 0, stdout: 'the end', stderr: '' });
    expect(await both.done).toEqual({ code: 0, stdout: 'half way\nnearly', stderr: '' });
    await running.done;
  });

  it('read a state folder that belongs to somebody else', async () => {
    const { tree, running, puppet } = await midway();
    chmodSync(tree.folder, 0o755);
    // Root writes where it likes: as nobody, a write would fail.
    const other = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    if (process.getuid?.() !== 0) chmodSync(tree.path('.warren'), 0o555);
    onTestFinished(() => chmodSync(tree.folder, 0o755));
    const main = join(import.meta.dirname, '../../dist/engine/cli/main.js');
    for (const args of READERS) {
      const { exitCode, stderr } = await execa(process.execPath, [main, ...args], {
        cwd: tree.folder,
        env: { PATH: dirname(process.execPath) },
        extendEnv: false,
        reject: false,
        ...other,
      });
      expect([args, exitCode, stderr]).toEqual([args, 0, '']);
    }
    if (process.getuid?.() !== 0) chmodSync(tree.path('.warren'), 0o755);
    await puppet.write(puppet.words[0] as string, 'b');
    puppet.exit();
    expect((await running.done).code).toBe(0);
  });
});

it('runs lists the newest first, with how each ended', async () => {
  const tree = new Tree({
    'p.yaml': 'stages: { a: { run: "exit ${with.n}", with: { n: 0 }, out: {} } }\n',
    'q.yaml': 'stages: { a: { run: "true", out: {} } }\n',
  });
  expect((await tree.warren('runs')).stdout).toBe('no run yet');
  await tree.warren('run', 'p.yaml');
  await tree.warren('run', 'p.yaml', '--set', 'a.n=3');
  await tree.warren('run', 'q.yaml');
  expect(
    (await tree.warren('runs', '-n', '2')).stdout.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'WHEN'),
  ).toMatchInlineSnapshot(`
    "run                      started (UTC)        pipeline  state   time  stages
    RUN  WHEN  q         done    0.0s  1 ran
    RUN  WHEN  p         failed  0.0s  1 failed
    1 earlier: warren runs -n 3"
  `);
  const { document } = await tree.json('runs', 'p.yaml');
  expect(document).toMatchObject({
    runs: [
      { state: 'failed', counts: { failed: 1 } },
      { state: 'done', counts: { ran: 1 } },
    ],
  });
  expect((await tree.warren('status', 'p.yaml')).stdout).toContain('It exited with code 3.');
});
