import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { argvOf, quoteWord } from '../../engine/executors/command.ts';
import { lineSplitter, parseMessage } from '../../engine/executors/messages.ts';
import { numberText, stageJson, wordText } from '../../engine/executors/numbers.ts';

describe('words of a command', () => {
  it('any word reaches a shell command as exactly one word', () => {
    const word = fc
      .string({ unit: 'binary' })
      .filter((text) => !text.includes('\0') && Buffer.from(text).toString() === text);
    fc.assert(
      fc.property(word, (text) => {
        const shell = spawnSync('/bin/sh', ['-c', `printf '%s|' ${quoteWord(text)}`]);
        expect(shell.stdout.toString()).toBe(`${text}|`);
      }),
      { numRuns: 40 },
    );
  });

  it('a list never meets a shell', () => {
    const words = [['echo'], ['--name=', { ref: 'with', name: 'x' } as const], ['$HOME; ls']];
    expect(argvOf({ form: 'argv', words }, () => '$(touch it) "')).toEqual([
      'echo',
      '--name=$(touch it) "',
      '$HOME; ls',
    ]);
  });

  it('a text goes to its shell, placeholders quoted', () => {
    const command = {
      form: 'shell',
      shell: ['/bin/sh', '-c'],
      parts: ['cat ', { ref: 'in', name: 'x' }],
    } as const;
    expect(argvOf(command, () => "it's")).toEqual(['/bin/sh', '-c', "cat 'it'\\''s'"]);
  });
});

describe('numbers for stages', () => {
  it.each([
    [1e-7, '1.0e-07'],
    [-2.5e-12, '-2.5e-12'],
    [1e21, '1.0e+21'],
    [0.1, '0.1'],
    [3, '3'],
  ])('%s prints as %s', (value, text) => {
    expect(numberText(value)).toBe(text);
  });

  it('reads back as the same number', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(JSON.parse(numberText(value)) as number).toBe(value === 0 ? 0 : value);
      }),
    );
  });

  it('parameters are JSON, and strings are words as they are', () => {
    expect(stageJson({ lr: 1e-7, names: ['a', null], on: true })).toBe(
      '{"lr": 1.0e-07, "names": ["a", null], "on": true}',
    );
    expect(wordText('a b')).toBe('a b');
    expect(wordText([1, 'a'])).toBe('[1, "a"]');
  });
});

describe('messages', () => {
  it('accepts what the protocol knows and tells the rest apart', () => {
    expect(parseMessage('{"type":"note","text":"x"}')).toEqual({ type: 'note', text: 'x' });
    expect(parseMessage('{"type":"later","text":"x"}')).toBe('unknown');
    expect(parseMessage('{"type":"note"}')).toBeUndefined();
    expect(parseMessage('{"type":"progress","step":"1","total":2}')).toBeUndefined();
    expect(parseMessage('{"type":"failure","failure":{"code":"x"}}')).toBeUndefined();
    expect(parseMessage('hello')).toBeUndefined();
  });

  it('joins chunks into lines, whatever the cuts', () => {
    const chunks = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\n') }));
    fc.assert(
      fc.property(chunks, (parts) => {
        const lines: string[] = [];
        const splitter = lineSplitter((line) => lines.push(line));
        for (const part of parts) splitter.push(part);
        splitter.end();
        const text = parts.join('');
        expect(lines).toEqual(
          (text.endsWith('\n') || text === '' ? text.slice(0, -1) : text)
            .split('\n')
            .slice(text === '' ? 1 : 0),
        );
      }),
    );
  });
});
