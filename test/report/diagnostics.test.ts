import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../base/diagnostic.ts';
import { renderDiagnostics } from '../../engine/report/diagnostics.ts';
import { painter } from '../../engine/report/paint.ts';

const FILE = '/project/pipelines/dpo.yaml';
const TEXT = 'name: dpo\nstages:\n  train:\n    uses: rrhf\n    wiht:\n      lr: 1\n    uses: sft\n';

function shown(diagnostics: readonly Diagnostic[], text = TEXT): string {
  const lines = renderDiagnostics(diagnostics, {
    read: (file) => (file === FILE ? text : undefined),
    show: (path) => path.replace('/project/', ''),
  });
  return lines.map(painter(false)).join('\n');
}

describe('diagnostics', () => {
  it('shows place, code, sentence and frame', () => {
    const text = shown([
      {
        code: 'unknown-key',
        severity: 'error',
        message: 'unknown key "wiht", did you mean "with"?',
        place: { file: FILE, line: 5, column: 5, length: 4 },
      },
    ]);
    expect(text).toMatchInlineSnapshot(`
      "pipelines/dpo.yaml:5:5 error[unknown-key]: unknown key "wiht", did you mean "with"?
        > 5 |     wiht:
            |     ^^^^"
    `);
  });

  it('shows related places, the next step and how many there are', () => {
    const text = shown([
      {
        code: 'duplicate-key',
        severity: 'error',
        message: '"uses" stands twice in stage "train"',
        place: { file: FILE, line: 7, column: 5, length: 4 },
        related: [{ message: 'first here', place: { file: FILE, line: 4, column: 5, length: 4 } }],
        hint: 'remove one of them',
      },
      { code: 'unused-axis', severity: 'warning', message: 'the axis "seed" is not used' },
    ]);
    expect(text).toMatchInlineSnapshot(`
      "pipelines/dpo.yaml:7:5 error[duplicate-key]: "uses" stands twice in stage "train"
        > 7 |     uses: sft
            |     ^^^^
        pipelines/dpo.yaml:4:5 first here
        > 4 |     uses: rrhf
            |     ^^^^
        hint: remove one of them
      warning[unused-axis]: the axis "seed" is not used
      1 error, 1 warning"
    `);
  });

  it('cannot be made to drive the terminal by the file', () => {
    const text = shown(
      [
        {
          code: 'unknown-key',
          severity: 'error',
          message: 'unknown key "\u001b]0;owned\u0007"',
          place: { file: FILE, line: 1, column: 3, length: 2 },
        },
      ],
      '\u001b[2J\tx: \u202e1\r\n',
    );
    expect(text).toMatchInlineSnapshot(`
      "pipelines/dpo.yaml:1:3 error[unknown-key]: unknown key "\\x1b]0;owned\\x07"
        > 1 | \\x1b[2J  x: \\u202e1
            |      ^^"
    `);
  });

  it('cuts a long line around the mark', () => {
    const long = `${'a'.repeat(200)}: ${'b'.repeat(200)}`;
    const text = shown(
      [
        {
          code: 'x',
          severity: 'error',
          message: 'm',
          place: { file: FILE, line: 1, column: 150, length: 10 },
        },
      ],
      long,
    );
    expect(text).toMatchInlineSnapshot(`
      "pipelines/dpo.yaml:1:150 error[x]: m
        > 1 | …aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: bbbbbb…
            |                      ^^^^^^^^^^"
    `);
  });

  it('leaves the frame out for a place that is not in the file', () => {
    const text = shown([
      { code: 'x', severity: 'error', message: 'm', place: { file: FILE, line: 99, column: 1, length: 1 } },
    ]);
    expect(text).toBe('pipelines/dpo.yaml:99:1 error[x]: m');
  });
});
