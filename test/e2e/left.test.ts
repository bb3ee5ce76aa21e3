/** What an engine leaves elsewhere when it is killed, as the program shows and ends it. */
import { chmodSync, rmSync } from 'node:fs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Tree } from '../rigs/program.ts';
import { type Puppets, startPuppets } from '../rigs/puppets.ts';

/** A scheduler of three commands: jobs are processes, and their ids process ids. */
const SCHEDULER = {
  submit: 'setsid sh "$1" >/dev/null 2>&1 </dev/null & echo $!',
  poll: 'for id; do kill -0 "$id" 2>/dev/null && echo "$id R" || echo "$id DONE"; done',
  cancel: 'kill -TERM "$@"',
};

async function stand(): Promise<{ readonly p: Puppets; readonly tree: Tree }> {
  const p = await startPuppets();
  onTestFinished(() => p.close());
  const tree = new Tree({
    'p.yaml': `with: { x: 1 }\nstages: { a: { run: ${p.run('a', 'out.o', 'with.x')}, out: { o: file }, with: { x: with.x } } }\nout: { o: a.o }\n`,
    'warren.yaml': `profiles:
  grid:
    executor: command
    submit: [./submit, "{script}"]
    poll: [./poll, "{ids}"]
    cancel: [./cancel, "{ids}"]
`,
  });
  for (const [name, text] of Object.entries(SCHEDULER)) {
    tree.write(name, `#!/bin/sh\n${text}\n`);
    chmodSync(tree.path(name), 0o755);
  }
  return { p, tree };
}

interface Left {
  readonly run: string | null;
  readonly state: string;
  readonly left: readonly { readonly [field: string]: unknown }[];
}

/** A run whose engine is killed while its stage runs elsewhere. */
async function killed(tree: Tree, p: Puppets): Promise<Awaited<ReturnType<Puppets['next']>>> {
  const engine = tree.start(['run', 'p.yaml', '--profile', 'grid']);
  const a = await p.next('a');
  await vi.waitFor(
    async () => {
      const { document } = await tree.json('status');
      expect((document as Left).left).toMatchObject([{ followed: true, job: expect.any(String) }]);
    },
    { timeout: 20_000, interval: 200 },
  );
  engine.kill('SIGKILL');
  await engine.done;
  return a;
}

describe('an attempt that a killed engine left elsewhere', () => {
  it('is shown by status, with and without a run, and ended by cancel --left', async () => {
    const { p, tree } = await stand();
    const a = await killed(tree, p);
    const before = (await tree.json('status')).document as Left;
    expect(before).toMatchObject({
      state: 'broken',
      left: [
        {
          stage: 'a',
          run: before.run,
          file: 'p.yaml',
          profile: 'grid',
          executor: 'command',
          job: expect.stringMatching(/^\d+$/),
          host: expect.any(String),
          since: expect.stringMatching(/^\d{4}-.*Z$/),
          ended: false,
          followed: false,
        },
      ],
    });
    expect((await tree.warren('status')).stdout).toMatch(
      /left elsewhere.*\n {2}a {2}on grid, \S+ {2}job \d+ {2}since /,
    );
    expect((await tree.warren('cancel')).stderr).toContain('warren cancel --left ends them');
    rmSync(tree.path('.warren/runs'), { recursive: true });
    expect((await tree.json('status')).document).toMatchObject({
      run: null,
      state: 'none',
      left: [{ stage: 'a' }],
    });

    const { code, document } = await tree.json('cancel', '--left', '--now');
    expect([code, document]).toMatchObject([
      0,
      { schema: 'warren/cancel-left/1', left: [{ stage: 'a', end: 'ended' }], unreadable: [] },
    ]);
    await a.gone;
    expect((await tree.warren('cancel', '--left')).stdout).toBe('nothing is left elsewhere');
    expect((await tree.warren('status')).code).toBe(2);
  });

  it('is ended by cancel of its run', async () => {
    const { p, tree } = await stand();
    const a = await killed(tree, p);
    const { run } = (await tree.json('status')).document as Left;
    const { code, document } = await tree.json('cancel', run ?? '', '--now');
    expect([code, document]).toMatchObject([
      0,
      { state: 'broken', asked: 'nothing', left: [{ stage: 'a', end: 'ended', run }] },
    ]);
    await a.gone;
    expect(((await tree.json('status')).document as Left).left).toEqual([]);
  });
});
