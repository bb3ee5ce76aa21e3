/** Bad input that people have brought to other engines: each is taken as it is meant, or refused with a place. */
import { describe, expect, it } from 'vitest';
import { command, graphOf, load, problemsOf, stageOf, told } from './rig.ts';

const STAGE = 'stages: { s: { run: [a] } }\n';

describe('YAML', () => {
  it.each([
    ['flow lists', (depth: number) => `with: { a: ${'['.repeat(depth)}${']'.repeat(depth)} }\n${STAGE}`],
    ['flow maps', (depth: number) => `with: { a: ${'{ a: '.repeat(depth)}1${' }'.repeat(depth)} }\n${STAGE}`],
    [
      'block maps',
      (depth: number) =>
        `with:\n${Array.from({ length: depth }, (_, i) => `${' '.repeat(i + 1)}a:\n`).join('')}${' '.repeat(depth + 1)}b\n${STAGE}`,
    ],
    ['block lists', (depth: number) => `with:\n  a:\n    ${'- '.repeat(depth)}1\n${STAGE}`],
  ])('2,000 levels of %s are too deep, at a place in the file', async (_, text) => {
    const problems = await problemsOf(text(2000));
    expect(problems.map(({ code }) => code)).toEqual(['too-deep']);
    expect(problems[0]?.place?.line).toBeLessThanOrEqual(text(2000).split('\n').length);
  });

  it('150 honest aliases are taken', async () => {
    const aliases = Array.from({ length: 150 }, (_, i) => `      p${i}: *shared`).join('\n');
    const text = `with: { shared: &shared { lr: 0.1, steps: [1, 2, 3] } }\nstages:\n  s:\n    run: [a, "\${with.shared.lr}"]\n    with:\n${aliases}\n`;
    const stage = stageOf(await graphOf(text), 's');
    expect(stage.with['p149']).toEqual({ lr: 0.1, steps: [1, 2, 3] });
    expect(Object.keys(stage.with)).toHaveLength(151);
  });

  it.each([
    [
      'a bomb of aliases of maps',
      9,
      '{ a: *x, b: *x, c: *x, d: *x, e: *x, f: *x, g: *x, h: *x, i: *x, j: *x }',
    ],
    ['a bomb of aliases of lists', 30, '[*x, *x]'],
  ])('%s is too large', async (_, levels, body) => {
    const lines = Array.from(
      { length: levels },
      (_each, i) => `  a${i + 1}: &a${i + 1} ${body.replaceAll('*x', `*a${i}`)}`,
    );
    const problems = await problemsOf(`with:\n  a0: &a0 [1, 1]\n${lines.join('\n')}\n${STAGE}`);
    expect(problems.map(({ code }) => code)).toEqual(['too-large']);
  });

  it('%YAML 1.1 is refused with its line, not obeyed', async () => {
    expect(await told(`%YAML 1.1\n---\nwith: { a: yes }\n${STAGE}`)).toContain('directive 1:1 %YAML 1.1');
    expect(await told(`%TAG ! tag:example.org,2000:\n---\n${STAGE}`)).toContain(
      'directive 1:1 %TAG ! tag:example.org,2000:',
    );
    const stage = stageOf(
      await graphOf(command('run: [a], with: { a: yes, b: 0o17, c: 012, d: 1_000, e: 12:30 }')),
      's',
    );
    expect(stage.with).toEqual({ a: 'yes', b: 15, c: 12, d: '1_000', e: '12:30' });
  });

  it('a byte order mark and CRLF change nothing, also in what a command says', async () => {
    const text = 'stages:\n  s:\n    run: |\n      echo 1\n      echo 2\n    out: { o: file }\n';
    const plain = await graphOf(text);
    const other = await graphOf(`\ufeff${text.replaceAll('\n', '\r\n')}`);
    expect(other.stages.map(({ command: found }) => found)).toEqual(
      plain.stages.map(({ command: found }) => found),
    );
    const [problem] = await problemsOf(`\ufeffnmae: x\n${STAGE}`);
    expect(problem).toMatchObject({ code: 'unknown-key', place: { line: 1, column: 1, length: 4 } });
  });

  it('NUL bytes are refused where they stand', async () => {
    for (const text of [`name: a\u0000b\n${STAGE}`, `with: { a: "x\u0000" }\n${STAGE}`, `${STAGE}\u0000`]) {
      const [problem] = await problemsOf(text);
      expect(problem?.code).toMatch(
        /^(bad-character|yaml-syntax|wrong-format|wrong-type|several-documents)$/,
      );
      expect(problem?.place?.line).toBeGreaterThan(0);
    }
  });

  it('a megabyte in one value is taken; 10 MB of whatever are refused at once', async () => {
    const values = (size: number): string =>
      `with: { a: "${'x'.repeat(size)}" }\nstages: { s: { run: [a, "\${with.a}"] } }\n`;
    expect((await load(values(1 << 20))).ok).toBe(true);
    const size = 10 << 20;
    for (const text of [values(size), 'x'.repeat(size), `${'#'.repeat(size)}\n${STAGE}`, '\n'.repeat(size)]) {
      expect(await problemsOf(text)).toMatchObject([{ code: 'too-large', place: { line: 1, column: 1 } }]);
    }
    expect((await problemsOf('\n'.repeat(1 << 19))).map(({ code }) => code)).toEqual(['too-large']);
    expect((await load(`${'\n'.repeat(1 << 17)}${STAGE}`)).ok).toBe(true);
  });
});

describe('commands', () => {
  it('what YAML cuts off as a comment is told', async () => {
    const text =
      'stages:\n  s:\n    run: grep -v # data.txt\n  t:\n    run: "grep -v # data.txt"\n  u:\n    run: |\n      grep -v # data.txt\n  v:\n    run: a#b\n  w:\n    # fine\n    run: a b\n';
    const loaded = await load(text);
    expect(loaded).toMatchObject({
      ok: true,
      value: {
        warnings: [
          { code: 'comment-in-run', severity: 'warning', place: { line: 3, column: 18, length: 10 } },
        ],
      },
    });
    const graph = await graphOf(text);
    const parts = graph.stages.map(({ command: found }) => (found?.form === 'shell' ? found.parts : []));
    expect(parts).toEqual([['grep -v'], ['grep -v # data.txt'], ['grep -v # data.txt\n'], ['a#b'], ['a b']]);
  });

  it('quotes of the command around a placeholder, inside one, and between two', async () => {
    const run = (text: string): string =>
      command(`run: ${JSON.stringify(text)}, in: { x: ./rows.jsonl }, out: { o: file }, with: { p: 1 }`);
    for (const text of [
      "cat '${in.x}'",
      'cat "${in.x}"',
      'cat "a ${out.o} b"',
      "echo '${with.p}'",
      'echo "${in.x}${with.p}"',
    ]) {
      const codes = (await problemsOf(run(text))).map(({ code }) => code);
      expect([text, codes[0]]).toEqual([text, 'placeholder-in-quotes']);
    }
    for (const text of [
      'cat ${in.x}',
      `cat "a"\${in.x}'b'`,
      'cat --in=${in.x} "$HOME"',
      "echo \\'${with.p}\\'",
    ]) {
      const codes = (await problemsOf(run(text))).map(({ code }) => code);
      expect([text, codes]).toEqual([text, []]);
    }
  });
});

describe('references and paths', () => {
  const stages = (rest: string, matrix = '[1, "a,b]", "x=y", "*"]'): string =>
    `stages:\n  s: { matrix: { a: ${matrix} }, run: [t, "\${matrix.a}"], out: { o: file } }\n${rest}`;

  it('an axis value like `a,b]` is quoted in its name, and selected by it', async () => {
    const graph = await graphOf(
      stages(
        `  t: { run: [t], in: { x: 's[a="a,b]"].o' } }\nout: { all: "s[*].o", one: 's[a="x=y"].o', star: 's[a="*"].o' }\n`,
      ),
    );
    expect(graph.stages.map(({ id }) => id)).toEqual([
      's[a=1]',
      's[a="a,b]"]',
      's[a="x=y"]',
      's[a="*"]',
      't',
    ]);
    expect(stageOf(graph, 't').in['x']).toEqual({
      arity: 'one',
      source: { kind: 'output', stage: 's[a="a,b]"]', output: 'o' },
    });
    expect(await told(stages("  t: { run: [t], in: { x: 's[a=a,b]].o' } }\n"))).toEqual([
      "bad-reference 3:27 's[a=a,b]].o'",
    ]);
  });

  it.each([
    ['one value', 's[a=2].o', /^no-instance|^unknown/],
    ['an axis', 's[b=1].o', /^unknown-axis/],
    ['nothing between brackets', 's[].o', /^bad-reference/],
    ['a number as text', 's[a="1"].o', /^no-instance|^unknown/],
  ])(
    'a selector that matches nothing (%s) is an error that lists the choices',
    async (_, reference, code) => {
      const problems = await problemsOf(stages(`  t: { run: [t], in: { x: '${reference}' } }\n`));
      expect(problems.map((problem) => problem.code).join()).toMatch(code);
      expect(problems[0]?.hint).not.toBeUndefined();
      expect(problems[0]?.place?.line).toBe(3);
    },
  );

  it.each([
    ['a drive', 'C:\\data\\rows.jsonl'],
    ['a drive with slashes', 'C:/data/rows.jsonl'],
    ['backslashes', '.\\rows.jsonl'],
    ['a share', '\\\\host\\share\\rows.jsonl'],
  ])('a path of Windows (%s) is refused with the way to write it', async (_, path) => {
    const [problem] = await problemsOf(command(`run: [a], in: { x: '${path}' }`));
    expect(problem?.code).toBe('bad-reference');
    expect(problem?.hint).toContain('./');
  });

  it.each([
    [
      'instances',
      'stages:\n  s: { matrix: { a: [1, 1.0] }, run: [t, "${matrix.a}"] }\n',
      'duplicate-instance',
    ],
    [
      'two axes that join to one name',
      'stages:\n  s: { matrix: { a: ["x,b=y"], b: [z], include: [{ a: x, b: "y,b=z" }] }, run: [t, "${matrix.a}", "${matrix.b}"] }\n',
      undefined,
    ],
    [
      'variables of inputs',
      command('run: [a], in: { x-y: ./rows.jsonl, x_y: ./rows.jsonl }'),
      'colliding-names',
    ],
    ['labels of a map', command('run: [a], in: { x: { a: ./rows.jsonl, A: ./rows.jsonl } }'), undefined],
  ])('names that might collide: %s', async (_, text, code) => {
    expect((await problemsOf(text)).map((problem) => problem.code)).toEqual(code === undefined ? [] : [code]);
  });

  it('keys that nothing knows, at every level', async () => {
    const text = `foo: 1\nwith: {}\nstages:\n  s: { run: [a], runn: 1, resources: { cpu: 1 }, out: { o: { type: file, nmae: x } } }\nouts: {}\n`;
    expect(await told(text)).toEqual([
      'unknown-key 1:1 foo',
      'unknown-key 4:18 runn',
      'unknown-key 4:40 cpu',
      'unknown-key 4:74 nmae',
      'unknown-key 5:1 outs',
    ]);
  });
});
