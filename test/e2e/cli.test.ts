import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { Tree } from '../rigs/program.ts';

describe('the call', () => {
  it('--version', async () => {
    expect(await new Tree().warren('--version')).toEqual({
      code: 0,
      stdout: packageJson.version,
      stderr: '',
    });
  });

  it('--help names every command', async () => {
    const { code, stdout } = await new Tree().warren('--help');
    expect(code).toBe(0);
    expect(stdout).toMatchInlineSnapshot(`
      "Usage: warren [options] [command]

      A declarative pipeline engine for aligning language models from human
      preferences.

      Options:
        --version                            print the version
        --json                               answer with exactly one JSON line on
                                             stdout
        --quiet                              say only what went wrong
        --color <when>                       colour the output (choices: "auto",
                                             "always", "never", default: "auto")
        --cwd <folder>                       work as if started in this folder
        -h, --help                           display help for command

      Commands:
        init [template]                      write a commented pipeline to start from:
                                             command (default) or rrhf
        check [options] <file>               find every mistake in a pipeline file
        plan [options] <file> [stages...]    show what would run, and why
        run [options] <file> [stages...]     run what changed, restore the rest
        accept [options] <file> <stages...>  say that earlier results of stages are
                                             the same on purpose
        verify [options] <file> [stages...]  run stages again beside the cache and
                                             compare bytes
        why [options] <stage...>             show what changed since the nearest
                                             earlier result of a stage
        status [run]                         show the stages of the latest run, or of
                                             that of a pipeline file
        runs [options] [file]                list the runs, newest first
        cancel [options] [run]               end the run that goes on, or that of a
                                             pipeline file
        logs [options] <stage...>            print what a stage printed
        graph [options] <file>               draw the stages and their inputs
        schema [kind]                        print the JSON Schema of pipeline files,
                                             or what a kind takes and gives
        cache                                look into the cache
        push [options] <file> [stages...]    send results to a remote: what it lacks
        pull [options] <file> [stages...]    bring results from a remote: what is
                                             needed and not here
        lock                                 work on lock files
        doctor [options]                     say whether this machine and the profiles
                                             can run pipelines
        help [command]                       display help for command"
    `);
  });

  it('an unknown command', async () => {
    const { code, stdout, stderr } = await new Tree().warren('pln', 'x.yaml');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatchInlineSnapshot(`
      "error[unknown-command]: Unknown command 'pln' (Did you mean plan?).
        hint: warren --help lists commands and options"
    `);
  });

  it('an unknown option, as JSON', async () => {
    expect(await new Tree().json('run', 'x.yaml', '--kep-going')).toMatchInlineSnapshot(`
      {
        "code": 2,
        "document": {
          "diagnostics": [
            {
              "code": "unknown-option",
              "hint": "warren --help lists commands and options",
              "message": "Unknown option '--kep-going' (Did you mean --keep-going?).",
              "severity": "error",
            },
          ],
          "schema": "warren/error/1",
        },
      }
    `);
  });

  it.each(['0', '-1', 'two', '1.5'])('-j %s', async (jobs) => {
    const { code, stderr } = await new Tree().warren('run', 'x.yaml', `-j${jobs}`);
    expect([code, stderr.split('\n')[0]]).toEqual([
      2,
      `error[invalid-argument]: Option '-j, --jobs <n>' argument '${jobs}' is invalid. Give a whole number from 1 to 4096.`,
    ]);
  });

  it.each(['-1', 'often', '1e3'])('--checkpoint-every %s', async (seconds) => {
    const { code, stderr } = await new Tree().warren('run', 'x.yaml', `--checkpoint-every=${seconds}`);
    expect([code, stderr.split('\n')[0]]).toEqual([
      2,
      `error[invalid-argument]: Option '--checkpoint-every <seconds>' argument '${seconds}' is invalid. Give a number of seconds, 0 or more.`,
    ]);
  });

  it('a folder that is not there', async () => {
    const { code, stderr } = await new Tree().warren('status', '--cwd', 'nowhere');
    expect([code, stderr]).toEqual([
      2,
      'error[no-such-folder]: --cwd nowhere is not a folder that can be entered.',
    ]);
  });

  it('overrides that cannot be read are all named', async () => {
    const tree = new Tree({ 'p.yaml': 'stages: { a: { run: "true", out: {} } }\n' });
    const { code, stderr } = await tree.warren(
      'check',
      'p.yaml',
      '--with',
      'lr',
      '--with',
      'a={',
      '--in',
      'x=1',
      '--in',
      'x=2',
      '--set',
      's.n=.inf',
    );
    expect(code).toBe(2);
    expect(stderr).toMatchInlineSnapshot(`
      "error[bad-override]: --with lr is not of the form name=value.
        hint: write --with name=value
      error[yaml-syntax]: --with a: Flow map must end with a }.
      error[not-finite]: --set s.n: Infinities and NaN are not parameters.
        hint: use null or a large number
      error[duplicate-override]: --in gives "x" twice.
        hint: give it once
      4 errors"
    `);
  });
});

describe('check', () => {
  const wrong = `name: demo
with: { size: 3 }
stages:
  data: { uses: hhh, in: { transcripts: ./x.jsonl } }
  train:
    runn: "true"
    out: { m: file }
  a: { in: { x: b.x }, run: "cat \${in.x} > \${out.x}", out: { x: file } }
  b: { in: { x: a.x }, run: "cat \${in.x} > \${out.x}", out: { x: file } }
`;

  it('shows every mistake with its place', async () => {
    const { code, stdout, stderr } = await new Tree({ 'wrong.yaml': wrong }).warren('check', 'wrong.yaml');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatchInlineSnapshot(`
      "wrong.yaml:4:17 error[unknown-kind]: There is no kind "hhh".
        > 4 |   data: { uses: hhh, in: { transcripts: ./x.jsonl } }
            |                 ^^^
        hint: did you mean "hh"?
      wrong.yaml:5:3 error[missing-key]: The stage "train" has neither uses: nor run:.
        > 5 |   train:
            |   ^^^^^
        hint: add uses: KIND, or run: with a command
      wrong.yaml:6:5 error[unknown-key]: Unknown key "runn" in stage "train".
        > 6 |     runn: "true"
            |     ^^^^
        hint: did you mean "run"?
      wrong.yaml:8:17 error[cycle]: These stages need each other in a circle: a -> b -> a; here "a" needs "b".
        > 8 |   a: { in: { x: b.x }, run: "cat \${in.x} > \${out.x}", out: { x: file } }
            |                 ^^^
        wrong.yaml:9:17 "b" needs "a"
        > 9 |   b: { in: { x: a.x }, run: "cat \${in.x} > \${out.x}", out: { x: file } }
            |                 ^^^
        hint: take one of these inputs away
      4 errors"
    `);
  });

  it('a file that is not there', async () => {
    expect(await new Tree().warren('check', 'nowhere.yaml')).toMatchInlineSnapshot(`
      {
        "code": 2,
        "stderr": "error[missing-pipeline]: There is no file "nowhere.yaml".
        hint: looked for TREE/nowhere.yaml",
        "stdout": "",
      }
    `);
  });

  it('a file that is right, seen from another folder', async () => {
    const tree = new Tree({ 'a/p.yaml': 'stages: { x: { run: "true", out: {} } }\n' });
    expect(await tree.warren('--cwd', 'a', 'check', 'p.yaml')).toEqual({
      code: 0,
      stdout: 'p.yaml is right: 1 stage',
      stderr: '',
    });
  });
});

describe('init', () => {
  it('writes a pipeline that is right, and overwrites nothing', async () => {
    const tree = new Tree({ '.gitignore': 'node_modules/\nout' });
    const { code, stdout } = await tree.warren('init');
    expect(code).toBe(0);
    expect(stdout).toMatchInlineSnapshot(`
      "created  schemas/project.schema.json
      created  schemas/pipeline.schema.json
      created  pipelines/hello.yaml
      created  .gitignore
      kept     warren.yaml
      next:    warren run pipelines/hello.yaml"
    `);
    expect(tree.read('.gitignore')).toBe('node_modules/\nout\n.warren/\n');
    tree.write('pipelines/hello.yaml', 'mine');
    expect(await tree.json('init')).toMatchInlineSnapshot(`
      {
        "code": 0,
        "document": {
          "created": [],
          "kept": [
            "warren.yaml",
            "schemas/project.schema.json",
            "schemas/pipeline.schema.json",
            "pipelines/hello.yaml",
            ".gitignore",
          ],
          "next": "warren run pipelines/hello.yaml",
          "schema": "warren/init/1",
        },
      }
    `);
    expect(tree.read('pipelines/hello.yaml')).toBe('mine');
  });

  it('the modeline names a schema that is there', async () => {
    const tree = new Tree();
    await tree.warren('init');
    const [, schema = ''] = /\$schema=(\S+)/.exec(tree.read('pipelines/hello.yaml')) ?? [];
    expect(JSON.parse(tree.read(`pipelines/${schema}`))).toHaveProperty('properties.stages');
    rmSync(tree.path('warren.yaml'));
    await tree.warren('init');
    const [, ofProject = ''] = /\$schema=(\S+)/.exec(tree.read('warren.yaml')) ?? [];
    expect(JSON.parse(tree.read(ofProject))).toHaveProperty('properties.profiles');
  });

  it('an unknown template', async () => {
    const { code, stderr } = await new Tree().warren('init', 'rlhf');
    expect([code, stderr]).toEqual([
      2,
      'error[unknown-template]: There is no template "rlhf".\n  hint: templates: command, rrhf',
    ]);
  });
});

describe('schema', () => {
  it('prints the schema of pipeline files', async () => {
    const { code, stdout } = await new Tree().warren('schema');
    expect([code, JSON.parse(stdout).title]).toEqual([0, 'warren pipeline']);
  });

  it('prints what a kind takes and gives', async () => {
    const { document } = await new Tree().json('schema', 'rrhf');
    expect(document).toMatchObject({ schema: 'warren/schema/1', kind: 'rrhf', document: { kind: 'rrhf' } });
  });

  it('suggests a kind', async () => {
    const { code, stderr } = await new Tree().warren('schema', 'rhf');
    expect([code, stderr.split('\n')[0]]).toEqual([
      2,
      'error[unknown-kind]: There is no kind "rhf", did you mean "rrhf"?',
    ]);
  });
});
