import { existsSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { digestBytes } from '../../base/digest.ts';
import { objectPath } from '../../cache/layout.ts';
import { type Outcome, Tree } from '../rigs/program.ts';
import { type Puppets, startPuppets } from '../rigs/puppets.ts';

const PIPELINE = `name: demo
with: { word: x }
stages:
  a: { run: 'echo a > \${out.o}', out: { o: file } }
  b: { in: { o: a.o }, with: { word: "\${with.word}" }, run: 'cat \${in.o} > \${out.o}; echo \${with.word} >> \${out.o}', out: { o: file } }
out: { b: b.o }
`;

function object(tree: Tree, text: string): string {
  return objectPath(tree.path('.warren/cache'), digestBytes(text), 'file');
}

async function puppets(): Promise<Puppets> {
  const made = await startPuppets();
  onTestFinished(() => made.close());
  return made;
}

function ends({ code, stderr, stdout }: Outcome): string {
  return `${code} ${stderr}${stdout}`;
}

describe('cache verify', () => {
  it('finds a flipped bit that keeps size and times, and names the stages that need the object', async () => {
    const tree = new Tree({ 'p.yaml': PIPELINE });
    await tree.warren('run', 'p.yaml');
    expect((await tree.warren('cache', 'verify')).code).toBe(0);
    const path = object(tree, 'a\n');
    const { mtimeMs } = statSync(path);
    writeFileSync(path, 'b\n');
    utimesSync(path, mtimeMs / 1000, mtimeMs / 1000);
    const found = await tree.warren('cache', 'verify');
    expect(found.code).toBe(1);
    expect(found.stdout).toMatch(
      /^corrupt object [0-9a-f]{12}, set aside\n {2}needed by demo: a \([0-9a-f]{12}\)\n/,
    );
    expect(readdirSync(tree.path('.warren/cache/quarantine'))).toHaveLength(1);
    const { document } = await tree.json('run', 'p.yaml', '--with', 'word=y');
    expect(document).toMatchObject({ stages: [{ action: 'ran' }, { action: 'ran' }] });
    expect(tree.read('out/demo/b')).toBe('a\ny\n');
    expect((await tree.warren('cache', 'verify')).code).toBe(0);
  });

  it('--repair removes what is bad, and names what is missing', async () => {
    const tree = new Tree({ 'p.yaml': PIPELINE });
    await tree.warren('run', 'p.yaml');
    writeFileSync(object(tree, 'a\n'), 'spoiled');
    rmSync(object(tree, 'a\nx\n'));
    const { code, document } = await tree.json('cache', 'verify', '--repair');
    expect([code, document]).toMatchObject([
      0,
      {
        ok: false,
        repaired: true,
        objects: 0,
        bad: [
          { fault: 'corrupt', needed: [{ stage: 'a', pipeline: 'demo' }] },
          { fault: 'missing', needed: [{ stage: 'b' }] },
        ],
      },
    ]);
    expect(readdirSync(tree.path('.warren/cache/quarantine'))).toEqual([]);
  });
});

describe('cache gc', () => {
  it('keeps the last run of every project that shares the cache', async () => {
    const [one, two] = [
      new Tree({ 'p.yaml': PIPELINE }),
      new Tree({ 'p.yaml': PIPELINE.replace('echo a', 'echo A') }),
    ];
    const env = { WARREN_CACHE: one.path('shared') };
    for (const [tree, word] of [
      [one, 'x'],
      [two, 'x'],
      [one, 'y'],
      [two, 'y'],
    ] as const) {
      expect(ends(await tree.start(['run', 'p.yaml', '--with', `word=${word}`], env).done)).toMatch(/^0/);
    }
    const gc = await one.start(['cache', 'gc', '--keep-last', '1'], env).done;
    expect(ends(gc)).toContain('removed 2 results');
    for (const tree of [one, two]) {
      rmSync(tree.path('out'), { recursive: true });
      const ran = await tree.start(['run', 'p.yaml', '--with', 'word=y', '--json'], env).done;
      expect(JSON.parse(ran.stdout)).toMatchObject({ stages: [{ action: 'fresh' }, { action: 'restored' }] });
    }
  });

  it('during a run takes nothing that it made or needs', async () => {
    const p = await puppets();
    const tree = new Tree({
      'p.yaml': `name: live
stages:
  a: { run: 'echo a > \${out.o}', out: { o: file } }
  old: { run: 'echo old > \${out.o}', out: { o: file } }
  b: { run: ${p.run('b', 'out.o')}, in: { o: a.o }, out: { o: file } }
  c: { run: 'cat \${in.a} \${in.old} \${in.b} > \${out.o}', in: { a: a.o, old: old.o, b: b.o }, out: { o: file } }
out: { c: c.o }
`,
    });
    await tree.warren('run', 'p.yaml', 'old');
    const engine = tree.start(['run', 'p.yaml', '--json']);
    const b = await p.next('b');
    const gc = await tree.json('cache', 'gc', '--max-age', '0s', '--max-size', '0');
    expect(gc).toMatchObject({ code: 0, document: { running: 1, results: [], objects: { count: 0 } } });
    await b.write(b.words[0] as string, 'b\n');
    b.exit();
    expect(JSON.parse((await engine.done).stdout)).toMatchObject({
      outcome: 'done',
      stages: [{ action: 'ran' }, { action: 'fresh' }, { action: 'ran' }, { action: 'ran' }],
    });
    expect(tree.read('out/live/c')).toBe('a\nold\nb\n');
    // It has ended: now its results are as old as everything else.
    expect((await tree.json('cache', 'gc', '--max-age', '0s')).document).toMatchObject({
      running: 0,
      kept: 0,
    });
  });

  it('a result of a queued stage that is taken away by hand is made again in the same run', async () => {
    const p = await puppets();
    const tree = new Tree({
      'p.yaml': `name: evict
stages:
  a: { run: 'echo a > \${out.o}', out: { o: file } }
  b: { run: ${p.run('b', 'out.o')}, in: { o: a.o }, out: { o: file } }
  c: { run: 'cat \${in.a} \${in.b} > \${out.o}', in: { a: a.o, b: b.o }, out: { o: file } }
out: { c: c.o }
`,
    });
    const engine = tree.start(['run', 'p.yaml', '--json']);
    const b = await p.next('b');
    rmSync(object(tree, 'a\n'));
    await b.write(b.words[0] as string, 'b\n');
    b.exit();
    const { code, stdout } = await engine.done;
    expect([code, JSON.parse(stdout)]).toMatchObject([
      0,
      {
        stages: [
          { id: 'a', action: 'ran', because: [{ kind: 'lost' }] },
          { action: 'ran' },
          { action: 'ran' },
        ],
      },
    ]);
    expect(tree.read('out/evict/c')).toBe('a\nb\n');
    expect(p.count('b')).toBe(1);
  });

  it('refuses an age or a size that is none', async () => {
    const tree = new Tree();
    expect(await tree.json('cache', 'gc', '--max-age', '3x')).toMatchObject({
      code: 2,
      document: { diagnostics: [{ code: 'invalid-argument' }] },
    });
    expect((await tree.warren('cache', 'gc', '--max-size', 'big')).code).toBe(2);
  });
});

describe('cache rm', () => {
  it('takes the result of a key or a stage, with the objects that only it needs', async () => {
    const tree = new Tree({ 'p.yaml': PIPELINE });
    const { document } = await tree.json('run', 'p.yaml');
    const [a, b] = (document as { stages: { key: string }[] }).stages.map(({ key }) => key) as [
      string,
      string,
    ];
    expect(await tree.json('cache', 'rm', 'b')).toMatchObject({
      code: 0,
      document: { removed: [b], objects: { bytes: 4 } },
    });
    expect(await tree.json('cache', 'rm', a.slice(7, 17))).toMatchObject({
      code: 0,
      document: { removed: [a] },
    });
    expect(existsSync(object(tree, 'a\n'))).toBe(false);
    expect((await tree.warren('cache', 'rm', 'b')).code).toBe(2);
    const again = await tree.json('run', 'p.yaml');
    expect(again.document).toMatchObject({ stages: [{ action: 'ran' }, { action: 'ran' }] });
  });
});

describe('engines at the same time', () => {
  it.each(['file', 'folder'])('eight of them with homes of their own make one %s once', async (type) => {
    const write = type === 'file' ? ': > ${out.o}' : 'mkdir ${out.o}/d; echo x > ${out.o}/x';
    const tree = new Tree({
      'p.yaml': `name: eight
stages:
  a: { run: '${write}; echo called >> calls; sleep 0.3', out: { o: ${type} } }
out: { o: a.o }
`,
    });
    const runs = Array.from({ length: 8 }, (_, i) => {
      const env = { WARREN_CACHE: tree.path('shared'), WARREN_HOME: join(tree.folder, `home${i}`) };
      return tree.start(['run', 'p.yaml', '--json'], env).done;
    });
    const ended = await Promise.all(runs);
    expect(ended.map(ends).filter((text) => !text.startsWith('0'))).toEqual([]);
    expect(tree.read('calls')).toBe('called\n');
    expect(readdirSync(tree.path('shared/locks'))).toEqual([]);
    expect(readdirSync(tree.path('shared/leases'))).toEqual([]);
  });
});
