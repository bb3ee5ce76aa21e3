import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Tree } from '../rigs/program.ts';
import { type Puppets, startPuppets, untilGone } from '../rigs/puppets.ts';

const MAIN = join(import.meta.dirname, '../../dist/engine/cli/main.js');

async function puppets(): Promise<Puppets> {
  const made = await startPuppets();
  onTestFinished(() => made.close());
  return made;
}

function pipeline(p: Puppets): Tree {
  return new Tree({
    'p.yaml': `stages: { a: { run: ${p.run('a', 'out.o')}, out: { o: file } } }\nout: { o: a.o }\n`,
  });
}

interface Detached {
  readonly run: string;
  readonly pid: number;
  readonly folder: string;
}

async function detach(tree: Tree, ...more: string[]): Promise<Detached> {
  const { code, document } = await tree.json('run', 'p.yaml', '--detach', ...more);
  expect([code, document]).toMatchObject([0, { schema: 'warren/detach/1' }]);
  return document as Detached;
}

async function state(tree: Tree): Promise<unknown> {
  return ((await tree.json('status')).document as { readonly state: string }).state;
}

describe('run --detach', () => {
  it('answers when the run has begun, and the run goes on to its end', async () => {
    const p = await puppets();
    const tree = pipeline(p);
    const { pid, folder } = await detach(tree);
    const a = await p.next('a');
    expect(await state(tree)).toBe('running');
    await a.write(a.words[0] as string, 'whole');
    a.exit();
    await untilGone(pid);
    expect(await state(tree)).toBe('done');
    expect(tree.read('out/p/o')).toBe('whole');
    expect(existsSync(join(folder, 'stderr.txt'))).toBe(true);
  });

  it('says what to do next', async () => {
    const p = await puppets();
    const tree = pipeline(p);
    const { code, stdout } = await tree.warren('run', 'p.yaml', '--detach');
    expect(code).toBe(0);
    expect(stdout).toMatchInlineSnapshot(`
      "detached run RUN
        warren status RUN  shows where it stands
        warren logs -f STAGE  follows what a stage prints
        warren cancel RUN  ends it"
    `);
    await p.next('a');
    expect(await tree.warren('cancel')).toMatchObject({ code: 0, stdout: 'run RUN has ended: interrupted' });
  });

  it('shows what is wrong with the call as if it were not there, and starts nothing', async () => {
    const tree = new Tree({ 'p.yaml': 'stages: { a: { rnu: x } }\n' });
    const attached = await tree.warren('run', 'p.yaml');
    expect(attached).toMatchObject({ code: 2, stderr: expect.stringContaining('unknown-key') });
    expect(await tree.warren('run', 'p.yaml', '--detach')).toEqual(attached);
    const { code, document } = await tree.json('run', 'p.yaml', '--detach', '--frozen');
    expect([code, document]).toMatchObject([2, { diagnostics: [{ code: 'bad-option' }] }]);
    expect(tree.has('.warren/runs')).toBe(false);
  });
});

describe('cancel', () => {
  it('lets what runs save its state, and the journal says that it was asked to end', async () => {
    const p = await puppets();
    const tree = pipeline(p);
    const { run } = await detach(tree);
    const a = await p.next('a');
    expect(await tree.json('cancel', 'p.yaml')).toEqual({
      code: 0,
      document: { schema: 'warren/cancel/1', run, state: 'interrupted', asked: 'stop', left: [] },
    });
    await a.gone;
    expect(tree.read(`.warren/runs/${run}/events.jsonl`)).toContain('Stopping: what runs has 10 s');
    const again = await tree.json('cancel', run);
    expect(again).toMatchObject({ code: 0, document: { state: 'interrupted', asked: 'nothing' } });
    expect(await tree.json('cancel')).toMatchObject({
      code: 2,
      document: { diagnostics: [{ code: 'no-run' }] },
    });
  });

  it('--now gives no time, also after a first cancel', async () => {
    const p = await puppets();
    const tree = pipeline(p);
    await detach(tree);
    const a = await p.next('a');
    await a.deaf();
    const first = tree.start(['cancel', '--json']);
    const journal = (): string => tree.read(`.warren/runs/${runs(tree)}/events.jsonl`);
    await vi.waitFor(() => expect(journal()).toContain('Stopping'), { timeout: 20_000, interval: 20 });
    expect(await tree.json('cancel', '--now')).toMatchObject({
      document: { asked: 'kill', state: 'interrupted' },
    });
    expect((await first.done).code).toBe(0);
    await untilGone(a.pid);
  });

  it('asks which, where several runs go on', async () => {
    const p = await puppets();
    const tree = pipeline(p);
    tree.write('q.yaml', `stages: { b: { run: ${p.run('b', 'out.o')}, out: { o: file } } }\n`);
    const { run } = await detach(tree);
    await tree.json('run', 'q.yaml', '--detach');
    await Promise.all([p.next('a'), p.next('b')]);
    expect(await tree.json('cancel')).toMatchObject({
      code: 2,
      document: { diagnostics: [{ code: 'ambiguous-run' }] },
    });
    expect(await tree.json('cancel', 'q.yaml')).toMatchObject({ code: 0 });
    expect(await tree.json('cancel')).toMatchObject({ code: 0, document: { run } });
  });
});

function runs(tree: Tree): string {
  const { stdout } = spawnSync('ls', [tree.path('.warren/runs')], { encoding: 'utf8' });
  return stdout.trim();
}

const hasScript = spawnSync('script', ['--version']).status === 0;

/** A command in a terminal of its own that hangs up when the answered function is called. */
function inTerminal(tree: Tree, command: string): () => Promise<void> {
  const terminal = spawn('script', ['-qefc', command, '/dev/null'], {
    cwd: tree.folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: tree.folder, TERM: 'xterm' },
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  const gone = once(terminal, 'exit');
  onTestFinished(() => void terminal.kill('SIGKILL'));
  return async () => {
    terminal.kill('SIGKILL');
    await gone;
  };
}

describe.skipIf(!hasScript)('a terminal that hangs up (needs script of util-linux)', () => {
  it('is like Ctrl-C for a run in it', async () => {
    const p = await puppets();
    const tree = pipeline(p);
    const hangUp = inTerminal(tree, `'${process.execPath}' '${MAIN}' run p.yaml`);
    const a = await p.next('a');
    await hangUp();
    await a.gone;
    await vi.waitFor(async () => expect(await state(tree)).toBe('interrupted'), {
      timeout: 20_000,
      interval: 50,
    });
  });

  it('takes nothing from a run that still writes to it', async () => {
    const p = await puppets();
    const tree = pipeline(p);
    const hangUp = inTerminal(tree, `'${process.execPath}' '${MAIN}' run p.yaml`);
    const a = await p.next('a');
    await a.deaf();
    await a.write(a.words[0] as string, 'whole');
    await hangUp();
    // For as long as the block would be drawn some more times.
    for (const began = Date.now(); Date.now() - began < 500; ) await Promise.race([a.print('.\n'), a.gone]);
    a.exit();
    await vi.waitFor(async () => expect(await state(tree)).toBe('done'), { timeout: 20_000, interval: 50 });
  });

  it('is nothing to a detached run', async () => {
    const p = await puppets();
    const tree = pipeline(p);
    const hangUp = inTerminal(tree, `'${process.execPath}' '${MAIN}' run p.yaml --detach; sleep 60`);
    const a = await p.next('a');
    await hangUp();
    expect(await state(tree)).toBe('running');
    await a.write(a.words[0] as string, 'whole');
    a.exit();
    await vi.waitFor(async () => expect(await state(tree)).toBe('done'), { timeout: 20_000, interval: 50 });
    expect(tree.read('out/p/o')).toBe('whole');
  });
});
