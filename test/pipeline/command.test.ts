import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { Command } from '../../engine/pipeline/graph.ts';
import { command, graphOf, problemsOf, stageOf, told } from './rig.ts';

const file = (run: string) =>
  `with: { p: { q: [7, 8] }, n: 3 }\nstages:\n  s:\n    matrix: { seed: [1] }\n    in: { d: ./rows.jsonl }\n    out: { o: file }\n    with: { x: "\${matrix.seed}", m: { k: 5 } }\n    run: ${run}\n`;
const built = async (run: string): Promise<{ command: Command | undefined; with: unknown }> => {
  const stage = stageOf(await graphOf(file(run)), 's[seed=1]');
  return { command: stage.command, with: stage.with };
};

describe('run:', () => {
  it('as a list is words without a shell', async () => {
    expect((await built('[tool, "--in=${in.d}", "${out.o}", 3, true, "", "$${x}"]')).command).toEqual({
      form: 'argv',
      words: [
        ['tool'],
        ['--in=', { ref: 'in', name: 'd' }],
        [{ ref: 'out', name: 'o' }],
        ['3'],
        ['true'],
        [''],
        ['${x}'],
      ],
    });
  });

  it('as text is for /bin/sh, with placeholders apart', async () => {
    expect((await built('tool "$HOME" $${HOME} < ${in.d} > ${out.o}')).command).toEqual({
      form: 'shell',
      shell: ['/bin/sh', '-c'],
      parts: ['tool "$HOME" ${HOME} < ', { ref: 'in', name: 'd' }, ' > ', { ref: 'out', name: 'o' }],
    });
  });

  it('takes parameters of the stage first, then of the pipeline, and keeps all it names in with', async () => {
    const stage = await built(
      '[tool, "${with.x}", "${with.m.k}", "${with.n}", "${with.p.q.1}", "${matrix.seed}"]',
    );
    expect(stage.command).toMatchObject({
      words: [['tool'], ...['x', 'm.k', 'n', 'p.q.1', 'matrix.seed'].map((name) => [{ ref: 'with', name }])],
    });
    expect(stage.with).toEqual({ x: 1, m: { k: 5 }, 'm.k': 5, n: 3, 'p.q.1': 8, 'matrix.seed': 1 });
  });

  it.each([
    ['double quotes', 'tool "${in.d}"', 'placeholder-in-quotes'],
    ['single quotes', "tool 'x ${in.d}'", 'placeholder-in-quotes'],
    ['substitution in quotes', 'tool "$(cat ${in.d})"', 'placeholder-in-quotes'],
    ['backticks', 'tool `cat ${in.d}`', 'placeholder-in-quotes'],
    ['dollar quotes', "tool $'a\\'${in.d}'", 'placeholder-in-quotes'],
    ['arithmetic', 'echo $((${with.n} + 1))', 'placeholder-in-expansion'],
    ['parameter expansion', 'echo $${X:-${with.n}}', 'placeholder-in-expansion'],
    ['comment', 'tool # ${with.n}', 'placeholder-in-comment'],
    ['here-document', 'cat <<END\n      ${with.n}\n      END', 'placeholder-in-here-document'],
    ['backslash', 'tool \\${with.n}', 'placeholder-after-backslash'],
  ])('refuses a placeholder in %s', async (_, run, code) => {
    const problems = await problemsOf(file(`|\n      ${run}`));
    expect(problems.map((problem) => problem.code)).toEqual([code]);
  });

  it.each([
    'tool "a b" ${in.d}',
    "tool 'it' ${in.d} \"x'y\" ${out.o}",
    'tool $(cat ${in.d})',
    'tool a#b ${in.d}',
    'echo $((1 << 2)) ${with.n}',
    '( tool ${in.d} ) && echo $${HOME} ${with.n}',
    'tool \\" ${in.d}',
  ])('takes %s', async (run) => {
    expect((await built(`|\n      ${run}`)).command?.form).toBe('shell');
  });

  it.each([
    ['unknown input', '[t, "${in.dd}"]', 'unknown-name 8:15 ${in.dd}'],
    ['unknown output', '[t, "${out.p}"]', 'unknown-name 8:15 ${out.p}'],
    ['unknown parameter', 't ${with.y}', 'unknown-name 8:12 ${with.y}'],
    ['unknown root', 't ${HOME}', 'unknown-name 8:12 ${HOME}'],
    ['unknown axis', 't ${matrix.sed}', 'unknown-name 8:12 ${matrix.sed}'],
    ['unclosed', 't ${with.x', 'bad-interpolation 8:10 t ${with.x'],
    ['round', 't ${round}', 'unknown-name 8:12 ${round}'],
  ])('tells of an %s', async (_, run, expected) => {
    expect(await told(file(run))).toContain(expected);
  });

  it('trusts only shells that read POSIX quotes', async () => {
    const text = (shell: string) =>
      command(`run: "print(\${with.x})", with: { x: 1 }, shell: [${shell}, -c]`);
    expect(await told(text('python'))).toEqual(['unsafe-shell 2:56 [python, -c]']);
    expect(await told(text('/usr/bin/bash'))).toEqual([]);
  });

  it('leaves no way out of the quotes that it allows', async () => {
    // The values that break careless quoting, put through the very shell.
    for (const value of ["a'; echo hacked; '", '$(echo hacked)', '`echo hacked`', 'a\nb', '\\', '"', '* ?']) {
      const { command: found } = await built('printf %s ${with.x}');
      if (found?.form !== 'shell') throw new Error('no shell');
      const text = found.parts
        .map((part) => (typeof part === 'string' ? part : `'${value.replaceAll("'", "'\\''")}'`))
        .join('');
      expect(
        execFileSync(found.shell[0] as string, [...found.shell.slice(1), text], { encoding: 'utf8' }),
      ).toBe(value);
    }
  });
});
