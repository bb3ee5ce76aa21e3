import { describe, expect, it } from 'vitest';
import { command, graphOf, load, problemsOf, stageOf, told } from './rig.ts';

const STAGE = 'stages: { s: { run: [a] } }\n';

describe('what YAML allows and a pipeline does not', () => {
  it.each([
    ['duplicate key', `a: 1\nname: x\nname: y\n${STAGE}`, 'duplicate-key 3:1 name'],
    ['number as key', `with: { 1: a }\n${STAGE}`, 'non-string-key 1:9 1'],
    ['list as key', `with: { [a]: a }\n${STAGE}`, 'non-string-key 1:9 [a]'],
    ['second document', `${STAGE}---\na: 1\n`, 'several-documents 2:1 ---'],
    ['tag', `with: { a: !!str 1 }\n${STAGE}`, 'tag 1:18 1'],
    ['own tag', `with: { a: !mine 1 }\n${STAGE}`, 'tag 1:12 !mine'],
    ['tag on a key', `with: { !!str a: 1 }\n${STAGE}`, 'tag 1:15 a'],
    ['directive', `# hello\n%YAML 1.2\n---\n${STAGE}`, 'directive 2:1 %YAML 1.2'],
    ['merge key', `with: { x: &x { a: 1 }, y: { <<: *x } }\n${STAGE}`, 'merge-key 1:30 <<'],
    ['unsafe integer', `with: { a: 9007199254740993 }\n${STAGE}`, 'unsafe-integer 1:12 9007199254740993'],
    ['infinity', `with: { a: .inf }\n${STAGE}`, 'not-finite 1:12 .inf'],
    ['overflow', `with: { a: 1e999 }\n${STAGE}`, 'not-finite 1:12 1e999'],
    ['not a number', `with: { a: .nan }\n${STAGE}`, 'not-finite 1:12 .nan'],
    ['tab', `stages:\n\ts: { run: [a] }\n`, 'tab-indent 2:1 \t'],
    ['unknown alias', `with: { a: *b }\n${STAGE}`, 'unknown-alias 1:12 *b'],
    ['alias in itself', `with: { a: &a [*a] }\n${STAGE}`, 'recursive-alias 1:16 *a'],
    ['syntax', `with: { a: @b }\n${STAGE}`, 'yaml-syntax 1:12 @'],
    ['not closed', `stages: { s: { run: [a }\n`, 'yaml-syntax 1:24 }'],
    ['reserved key', `with: { __proto__: 1 }\n${STAGE}`, 'reserved-key 1:9 __proto__'],
    ['NUL', `with: { a: "x\\0" }\n${STAGE}`, 'bad-character 1:12 "x\\0"'],
    ['lone surrogate', `with: { a: "\\ud800" }\n${STAGE}`, 'bad-character 1:12 "\\ud800"'],
  ])('%s', async (_, text, expected) => {
    expect(await told(text)).toContain(expected);
  });

  it('says that a merge conflict is one, and nothing else', async () => {
    const text = `name: x\n<<<<<<< HEAD\nwith: { a: 1 }\n=======\nwith: { a: 2 }\n>>>>>>> other\n${STAGE}`;
    const problems = await problemsOf(text);
    expect(problems.map((problem) => [problem.code, problem.place?.line])).toEqual([['merge-conflict', 2]]);
    expect(problems[0]?.related?.map((one) => one.place.line)).toEqual([4, 6]);
  });

  it('shows both places of a duplicate', async () => {
    const [problem] = await problemsOf(`name: x\nname: y\n${STAGE}`);
    expect(problem?.related?.map((one) => [one.message, one.place.line])).toEqual([['first given here', 1]]);
  });

  it('refuses an anchor bomb quickly and takes honest aliases', async () => {
    const lines = ['with:', '  a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]'];
    for (let i = 1; i < 9; i++)
      lines.push(
        `  a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );
    const bomb = await problemsOf(`${lines.join('\n')}\n${STAGE}`);
    expect(bomb.map((problem) => problem.code)).toEqual(['too-large']);
    const graph = await graphOf(command('with: { a: &x { k: [1, 2] }, b: *x }, run: [a]'));
    expect(stageOf(graph, 's').with).toEqual({ a: { k: [1, 2] }, b: { k: [1, 2] } });
  });

  it('refuses depth over 64, however deep', async () => {
    const nested = (depth: number) => `with: { a: ${'['.repeat(depth)}${']'.repeat(depth)} }\n${STAGE}`;
    expect((await load(nested(60))).ok).toBe(true);
    expect((await problemsOf(nested(70))).map((problem) => problem.code)).toEqual(['too-deep']);
    expect((await problemsOf(nested(30_000))).map((problem) => problem.code)).toEqual(['too-deep']);
  });

  it('keeps 1 and 1.0 one value, and 1, "1" and true three', async () => {
    const graph = await graphOf(
      command('with: { a: 1, b: 1.0, c: "1", d: true, e: 1e-5, f: -0.0, g: 0x10 }, run: [a]'),
    );
    expect(stageOf(graph, 's').with).toEqual({ a: 1, b: 1, c: '1', d: true, e: 0.00001, f: 0, g: 16 });
  });

  it('reads text with a byte order mark and CRLF, and refuses what is no UTF-8 or no file', async () => {
    expect((await load(`\ufeff${STAGE.replaceAll('\n', '\r\n')}`)).ok).toBe(true);
    expect(await problemsOf('')).toMatchObject([{ code: 'wrong-type' }]);
    const bytes = await load(Buffer.from([0x61, 0xff, 0xfe]));
    expect(bytes).toMatchObject({ ok: false, error: [{ code: 'not-utf8' }] });
  });

  it('tells all problems at once, from top to bottom', async () => {
    const text = `with: { a: .inf, b: !x 1 }\nnmae: x\nstages:\n  s: { use: data }\n  t: { uses: dta }\n`;
    expect(await told(text)).toEqual([
      'not-finite 1:12 .inf',
      'tag 1:21 !x',
      'unknown-key 2:1 nmae',
      'missing-key 4:3 s',
      'unknown-key 4:8 use',
      'unknown-kind 5:14 dta',
    ]);
  });
});
