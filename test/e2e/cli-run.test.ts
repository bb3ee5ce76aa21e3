import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { Tree } from '../rigs/program.ts';

const PIPELINE = `name: demo
with: { greeting: hello }
in: { names: ./names.txt }
stages:
  greet:
    in: { names: in.names }
    with: { greeting: "\${with.greeting}" }
    run: printf '%s ' \${with.greeting} > \${out.text} && cat \${in.names} >> \${out.text} && echo greeted
    out: { text: { type: file, name: greeting.txt } }
  shout:
    in: { text: greet.text }
    run: tr a-z A-Z < \${in.text} > \${out.text}
    out: { text: { type: file, name: shout.txt } }
  count:
    in: { text: shout.text }
    run: wc -l < \${in.text} > \${out.lines}
    out: { lines: file }
out: { shout: shout.text }
`;

function demo(): Tree {
  return new Tree({ 'demo.yaml': PIPELINE, 'names.txt': 'moon\n' });
}

describe('run', () => {
  it('runs, then has nothing to do', async () => {
    const tree = demo();
    const first = await tree.warren('run', 'demo.yaml', '-j', '1');
    expect(first.code).toBe(0);
    expect(first.stderr).toMatchInlineSnapshot(`
      "greet  start
      greet  run 0.0s      because no earlier result
      shout  start
      shout  run 0.0s      because no earlier result
      count  start
      count  run 0.0s      because no earlier result

      done in 0.0s: 3 ran"
    `);
    expect(first.stdout).toMatchInlineSnapshot(`"out shout  out/demo/shout.txt"`);
    expect(tree.read('out/demo/shout.txt')).toBe('HELLO MOON\n');
    expect(await tree.warren('run', 'demo.yaml', '-j', '1')).toMatchInlineSnapshot(`
      {
        "code": 0,
        "stderr": "nothing to do: 3 fresh",
        "stdout": "out shout  out/demo/shout.txt",
      }
    `);
  });

  it('says on each line why a stage ran', async () => {
    const tree = demo();
    await tree.warren('run', 'demo.yaml');
    const again = await tree.warren('run', 'demo.yaml', '-j', '1', '--with', 'greeting=bye');
    expect(again.stderr).toMatchInlineSnapshot(`
      "greet  start
      greet  run 0.0s      because greeting "hello" -> "bye"
      shout  start
      shout  run 0.0s      because greet.text changed
      count  start
      count  run 0.0s      because shout.text changed

      done in 0.0s: 3 ran"
    `);
    tree.write('names.txt', 'sun\n');
    expect((await tree.warren('plan', 'demo.yaml')).stdout).toMatchInlineSnapshot(`
      "run    greet  because greeting "bye" -> "hello", in.names ./names.txt changed  greeting=hello
      maybe  shout  if greet.text changes
      maybe  count  if shout.text changes

      1 run, 2 maybe"
    `);
  });

  it('stops downstream when the bytes are the same', async () => {
    const tree = demo();
    await tree.warren('run', 'demo.yaml');
    tree.write('demo.yaml', PIPELINE.replace('echo greeted', 'echo welcomed'));
    const { document } = await tree.json('run', 'demo.yaml');
    expect(document).toMatchObject({
      outcome: 'done',
      stages: [
        { id: 'greet', action: 'ran' },
        { id: 'shout', action: 'fresh' },
        { id: 'count', action: 'fresh' },
      ],
    });
  });

  it('--quiet says nothing when all is well', async () => {
    expect(await demo().warren('run', 'demo.yaml', '--quiet')).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('--frozen refuses before anything is done', async () => {
    const tree = demo();
    const refused = await tree.warren('run', 'demo.yaml', '--frozen');
    expect(refused).toMatchInlineSnapshot(`
      {
        "code": 3,
        "stderr": "error[would-run]: With --frozen nothing runs, but these stages would or may run: greet, shout, count.
        hint: warren plan FILE says why",
        "stdout": "",
      }
    `);
    expect(tree.has('out')).toBe(false);
    await tree.warren('run', 'demo.yaml');
    expect((await tree.warren('run', 'demo.yaml', '--frozen')).code).toBe(0);
  });

  it('a stage that is not there', async () => {
    const { code, stderr } = await demo().warren('run', 'demo.yaml', 'shuot');
    expect([code, stderr]).toMatchInlineSnapshot(`
      [
        2,
        "error[unknown-stage]: "shuot" is not a stage of demo.
        hint: its stages are greet, shout, count",
      ]
    `);
  });
});

describe('a stage that fails', () => {
  const broken = PIPELINE.replace('tr a-z A-Z', 'echo "\\033[2Jlow on ink" >&2; exit 7; tr a-z A-Z');

  it('is shown in full at the end, with what it held back', async () => {
    const tree = new Tree({ 'demo.yaml': broken, 'names.txt': 'moon\n' });
    const { code, stdout, stderr } = await tree.warren('run', 'demo.yaml', '-j', '1');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.replace(/[0-9a-f]{64}/g, 'KEY')).toMatchInlineSnapshot(`
      "greet  start
      greet  run 0.0s      because no earlier result
      shout  start
      shout  failed 0.0s   It exited with code 7.
      count  skipped       needs shout

      shout failed[exit-non-zero]: It exited with code 7.
        | \\x1b[2Jlow on ink
        log: .warren/attempts/KEY/1/log

      skipped count: needs shout

      failed in 0.0s: 1 ran, 1 failed, 1 skipped"
    `);
  });

  it('under --json is one document on stdout', async () => {
    const tree = new Tree({ 'demo.yaml': broken, 'names.txt': 'moon\n' });
    const { code, document } = await tree.json('run', 'demo.yaml');
    expect(code).toBe(1);
    expect(document).toMatchObject({
      schema: 'warren/run/1',
      outcome: 'failed',
      stages: [
        { action: 'ran' },
        { action: 'failed', failure: { code: 'exit-non-zero', exitCode: 7 } },
        { action: 'skipped' },
      ],
    });
  });
});

describe('plan', () => {
  it('says what would run, in order, and changes nothing', async () => {
    const tree = demo();
    const { code, stdout } = await tree.warren('plan', 'demo.yaml');
    expect(code).toBe(0);
    expect(stdout).toMatchInlineSnapshot(`
      "run  greet  because no earlier result  greeting=hello
      run  shout  because no earlier result
      run  count  because no earlier result

      3 run"
    `);
    expect(tree.has('out')).toBe(false);
  });

  it('--check exits with 3 until there is nothing to do', async () => {
    const tree = demo();
    expect((await tree.warren('plan', 'demo.yaml', '--check')).code).toBe(3);
    await tree.warren('run', 'demo.yaml');
    expect((await tree.warren('plan', 'demo.yaml', '--check')).code).toBe(0);
  });
});

describe('looking back', () => {
  it('status, logs and why tell of the latest run', async () => {
    const tree = demo();
    await tree.warren('run', 'demo.yaml');
    await tree.warren('run', 'demo.yaml', '--with', 'greeting=bye');
    expect((await tree.warren('status')).stdout).toMatchInlineSnapshot(`
      "demo  demo.yaml  run RUN
      greet  run 0.0s      because greeting "hello" -> "bye"
      shout  run 0.0s      because greet.text changed
      count  run 0.0s      because shout.text changed

      done in 0.0s: 3 ran"
    `);
    expect(await tree.warren('logs', 'greet')).toEqual({ code: 0, stdout: 'greeted', stderr: '' });
    expect((await tree.warren('why', 'greet')).stdout).toMatchInlineSnapshot(`
      "greet  ran  because greeting "hello" -> "bye"
        compared with run RUN:
        with.greeting  "hello" -> "bye""
    `);
    const both = await tree.warren('why', 'greet', 'shout');
    const named = await tree.warren('why', 'demo.yaml', 'greet', 'shout');
    const [greet, shout] = [await tree.warren('why', 'greet'), await tree.warren('why', 'shout')];
    expect(both.stdout).toBe(`${greet.stdout}\n${shout.stdout}`);
    expect(named.stdout).toBe(both.stdout);
    expect((await tree.warren('why', 'greet', 'nobody')).stderr).toContain('has no stage "nobody"');
    expect((await tree.warren('why', 'shout')).stdout).toMatchInlineSnapshot(`
      "shout  ran  because greet.text changed
        compared with run RUN:
        in.text  61801d00eaad -> a5af90044833"
    `);
  });

  it('logs of a stage that no run has', async () => {
    const tree = demo();
    await tree.warren('run', 'demo.yaml');
    expect((await tree.warren('logs', 'gret')).stderr).toMatchInlineSnapshot(`
      "error[unknown-stage]: Run RUN has no stage "gret".
        hint: its stages are greet, shout, count"
    `);
  });

  it.each([['status'], ['logs', 'x'], ['why', 'x']])('%s without any run', async (...args) => {
    expect(await demo().warren(...args)).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'error[no-run]: This project has no run yet.\n  hint: start one: warren run FILE, or name its folder with --cwd',
    });
  });

  it('cache du', async () => {
    const tree = demo();
    await tree.warren('run', 'demo.yaml');
    const { document } = await tree.json('cache', 'du');
    expect(document).toMatchObject({
      schema: 'warren/cache-du/1',
      kinds: [{ kind: 'command', results: 3 }],
      quarantined: 0,
    });
  });
});

describe('graph', () => {
  it.each(['text', 'mermaid', 'dot'])('as %s', async (format) => {
    expect((await demo().warren('graph', 'demo.yaml', '--format', format)).stdout).toMatchSnapshot();
  });
});

describe('logs -f', () => {
  it('follows a stage until it ends', async () => {
    const tree = new Tree({
      'slow.yaml':
        'stages: { slow: { run: "echo one; echo > started; read word < go; echo $word", out: {} } }\n',
    });
    execFileSync('mkfifo', [tree.path('started'), tree.path('go')]);
    const run = tree.start(['run', 'slow.yaml']);
    await readFile(tree.path('started'));
    const following = tree.start(['logs', 'slow', '-f']);
    await following.printed('one');
    await writeFile(tree.path('go'), 'two\n');
    expect(await following.done).toEqual({ code: 0, stdout: 'one\ntwo', stderr: '' });
    expect((await run.done).code).toBe(0);
  });
});

describe('interruption', () => {
  it('SIGINT stops what runs, exits with 130 and says how to go on', async () => {
    // The fifo is opened for reading below: the stage is past that line exactly when both ends are open.
    const tree = new Tree({
      'slow.yaml':
        'stages: { slow: { run: "echo > started; exec sleep 600", out: {} }, after: { run: "true", out: {} } }\n',
    });
    execFileSync('mkfifo', [tree.path('started')]);
    const started = tree.start(['run', 'slow.yaml', '-j', '1']);
    await readFile(tree.path('started'));
    started.kill('SIGINT');
    const { code, stdout, stderr } = await started.done;
    expect([code, stdout]).toEqual([130, '']);
    expect(stderr.replace(/\d+\.\ds/g, '0.0s')).toMatchInlineSnapshot(`
      "slow   start
      warning[interrupted]: Stopping: what runs has 10 s to save its state.
        hint: once more ends it at once
      slow   cancelled     interrupted
      after  cancelled     interrupted

      interrupted in 0.0s: 2 cancelled
      resume: warren run slow.yaml"
    `);
    expect((await tree.json('status')).document).toMatchObject({ state: 'interrupted' });
  });
});
