import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Tree } from '../rigs/program.ts';
import { type Puppet, type Puppets, startPuppets, untilGone } from '../rigs/puppets.ts';

async function puppets(): Promise<Puppets> {
  const made = await startPuppets();
  onTestFinished(() => made.close());
  return made;
}

async function finish(puppet: Puppet, text: string): Promise<void> {
  await puppet.write(puppet.words[0] as string, text);
  puppet.exit();
}

function chain(p: Puppets): string {
  return `name: kill
in: { data: ./data.txt }
stages:
  a: { run: ${p.run('a', 'out.o', 'in.data')}, in: { data: in.data }, out: { o: file } }
  b: { run: ${p.run('b', 'out.o', 'in.o')}, in: { o: a.o }, out: { o: file } }
out: { b: b.o }
`;
}

describe('an engine that is killed', () => {
  it('leaves no stage behind, however it hides, and nothing partial; the next run goes on at once', async () => {
    const p = await puppets();
    const tree = new Tree({ 'p.yaml': chain(p), 'data.txt': 'x' });
    const engine = tree.start(['run', 'p.yaml']);
    await finish(await p.next('a'), 'a');
    const b = await p.next('b');
    await b.deaf();
    const [child, hidden] = [await b.leave(false), await b.leave(true)];
    await b.write(b.words[0] as string, 'half');
    engine.kill('SIGKILL');
    await engine.done;
    for (const pid of [b.pid, child, hidden]) await untilGone(pid);
    expect(tree.has('out')).toBe(false);

    const again = tree.start(['run', 'p.yaml', '--json']);
    await finish(await p.next('b'), 'whole');
    const { code, stdout } = await again.done;
    expect(code).toBe(0);
    expect(p.count('a')).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      stages: [
        { id: 'a', action: 'fresh' },
        { id: 'b', action: 'ran' },
      ],
    });
    expect(tree.read('out/kill/b')).toBe('whole');
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'by %s ends what runs, answers 130, and the next run takes up the rest',
    async (signal) => {
      const p = await puppets();
      const tree = new Tree({ 'p.yaml': chain(p), 'data.txt': 'x' });
      const engine = tree.start(['run', 'p.yaml']);
      await finish(await p.next('a'), 'a');
      const b = await p.next('b');
      engine.kill(signal);
      expect((await engine.done).code).toBe(130);
      await untilGone(b.pid);
      const again = tree.start(['run', 'p.yaml']);
      await finish(await p.next('b'), 'b');
      expect((await again.done).code).toBe(0);
      expect(p.count('a')).toBe(1);
    },
  );
});

describe('an engine that is interrupted twice', () => {
  it('ends at once what does not listen', async () => {
    const p = await puppets();
    const tree = new Tree({ 'p.yaml': chain(p), 'data.txt': 'x' });
    const engine = tree.start(['run', 'p.yaml']);
    const a = await p.next('a');
    await a.deaf();
    const child = await a.leave(false);
    engine.kill('SIGINT');
    engine.kill('SIGTERM');
    const { code, stderr } = await engine.done;
    expect(code).toBe(130);
    expect(stderr).toContain('once more ends it at once');
    expect(stderr).toContain('Ending what runs.');
    for (const pid of [a.pid, child]) await untilGone(pid);
    expect(p.count('b')).toBe(0);
  });
});

describe('engines at the same time', () => {
  it('make one result once, and all of them succeed', async () => {
    const p = await puppets();
    const tree = new Tree({ 'p.yaml': chain(p), 'data.txt': 'x' });
    const engines = [1, 2, 3].map(() => tree.start(['run', 'p.yaml', '--json']));
    await finish(await p.next('a'), 'a');
    await finish(await p.next('b'), 'b');
    const ends = await Promise.all(engines.map(({ done }) => done));
    expect(ends.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect([p.count('a'), p.count('b')]).toEqual([1, 1]);
    expect(tree.read('out/kill/b')).toBe('b');
  });

  it('share a cache between projects', async () => {
    const p = await puppets();
    const shared = new Tree();
    const env = { WARREN_CACHE: shared.path('cache') };
    const [one, two] = [
      new Tree({ 'p.yaml': chain(p), 'data.txt': 'x' }),
      new Tree({ 'p.yaml': chain(p), 'data.txt': 'x' }),
    ];
    const first = one.start(['run', 'p.yaml'], env);
    await finish(await p.next('a'), 'a');
    await finish(await p.next('b'), 'b');
    expect((await first.done).code).toBe(0);
    const second = await two.start(['run', 'p.yaml', '--json'], env).done;
    expect(JSON.parse(second.stdout)).toMatchObject({
      stages: [{ action: 'fresh' }, { action: 'restored' }],
    });
    expect(two.read('out/kill/b')).toBe('b');
  });
});

describe('the environment of a stage', () => {
  it('is strict; pass_env goes in and nowhere else', async () => {
    const p = await puppets();
    const yaml = chain(p).replace(
      'out: { o: file } }\n  b:',
      'out: { o: file }, pass_env: [TOKEN], env: { MODE: fast } }\n  b:',
    );
    const tree = new Tree({ 'p.yaml': yaml, 'data.txt': 'x' });
    const engine = tree.start(['run', 'p.yaml', 'a'], { TOKEN: 'very-secret-value', OTHER: '1' });
    const a = await p.next('a');
    const names = Object.keys(a.env).filter((name) => !name.startsWith('WARREN_'));
    expect(names.sort()).toEqual([
      'CUDA_VISIBLE_DEVICES',
      'HOME',
      'LANG',
      'MASTER_ADDR',
      'MASTER_PORT',
      'MODE',
      'NNODES',
      'NODE_RANK',
      'NPROC_PER_NODE',
      'PATH',
      'PYTHONDONTWRITEBYTECODE',
      'PYTHONHASHSEED',
      'TMPDIR',
      'TOKEN',
      'TZ',
    ]);
    expect(a.env['CUDA_VISIBLE_DEVICES']).toBe('');
    expect(a.env['TOKEN']).toBe('very-secret-value');
    expect(a.cwd).toBe(tree.folder);
    expect(readFileSync(a.env['WARREN_IN_DATA'] as string, 'utf8')).toBe('x');
    await finish(a, 'a');
    expect((await engine.done).code).toBe(0);
    const found = spawn('grep', ['-r', 'very-secret-value', tree.path('.warren')]);
    expect(await new Promise((resolve) => found.on('exit', resolve))).toBe(1);
  });
});
