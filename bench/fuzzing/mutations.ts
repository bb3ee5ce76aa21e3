/** @file Pipeline files as somebody breaks them: edits of characters, of lines, and of the grammar. Seeded. */
import type { Random } from '../../stages/runtime/random.ts';

type Mutation = (text: string, random: Random) => string;

const TOKENS = [
  ...'{}[]:,"\'*&!|>#%@`?-=~\\',
  '\n',
  '\r\n',
  '\t',
  '  ',
  '- ',
  ': ',
  ' #',
  '? ',
  '<<: ',
  '---\n',
  '...\n',
  '%YAML 1.1\n',
  '!!str ',
  '!x ',
  '&a ',
  '*a',
  '${',
  '$${',
  '${with.seed}',
  '${matrix.seed}',
  '${in.x}',
  '${round}',
  '${nope}',
  '1e999',
  '.nan',
  '-.inf',
  '9007199254740993',
  '0x1f',
  'null',
  '~',
  'true',
  '""',
  '[]',
  '{}',
  '../',
  '/etc/passwd',
  'C:\\x',
  'hf://a/b',
  'https://x#sha256=0',
  '[*]',
  '[seed=*]',
  '[seed="1"]',
  '.model',
  '/sub/path',
  'in.',
  'matrix:',
  'rounds: 3',
  'carry: {}',
  'when: false',
  'include: [{}]',
  'exclude: [{}]',
  'retries: 2',
  'limits: { x: 1 }',
  'temp: true',
  'cache: false',
  '__proto__: 1',
  'constructor: 1',
  '\u0000',
  '\u2028',
  '\ufeff',
  '\ud800',
  '\u{1f600}',
] as const;

const pick = <T>(items: readonly T[], random: Random): T => items[random.integer(items.length)] as T;

/** A change of one or two lines, given what all lines are. */
function onLines(edit: (lines: string[], at: number, random: Random) => void): Mutation {
  return (text, random) => {
    const lines = text.split('\n');
    edit(lines, random.integer(lines.length), random);
    return lines.join('\n');
  };
}

const MUTATIONS: readonly Mutation[] = [
  (text, random) => {
    const at = random.integer(text.length + 1);
    return text.slice(0, at) + pick(TOKENS, random) + text.slice(at + random.integer(8));
  },
  (text, random) => {
    const at = random.integer(text.length + 1);
    return text.slice(0, at) + text.slice(at + random.integer(40));
  },
  (text, random) => text.slice(0, random.integer(text.length + 1)),
  // A stretch of the file once more, somewhere else.
  (text, random) => {
    const from = random.integer(text.length);
    const to = random.integer(text.length + 1);
    return text.slice(0, to) + text.slice(from, from + random.integer(80)) + text.slice(to);
  },
  onLines((lines, at) => lines.splice(at, 1)),
  onLines((lines, at) => lines.splice(at, 0, lines[at] ?? '')),
  onLines((lines, at, random) => {
    const other = random.integer(lines.length);
    [lines[at], lines[other]] = [lines[other] ?? '', lines[at] ?? ''];
  }),
  onLines((lines, at, random) => {
    lines[at] = ' '.repeat(random.integer(9)) + (lines[at] ?? '').trimStart();
  }),
  // A key with another value: one of the file's own, or one that nobody expects.
  onLines((lines, at, random) => {
    const [, key] = /^(\s*[^:{]+:\s)/.exec(lines[at] ?? '') ?? [];
    const [, , value] = /^(\s*[^:{]+:\s)(.*)/.exec(pick(lines, random)) ?? [];
    if (key !== undefined) lines[at] = key + (random.integer(2) === 0 ? (value ?? '') : pick(TOKENS, random));
  }),
  (text, random) => {
    const words = [...new Set(text.match(/[A-Za-z_]+/g) ?? ['x'])];
    const word = pick(words, random);
    const at = text.indexOf(word, random.integer(text.length));
    return at < 0 ? text : text.slice(0, at) + pick(words, random) + text.slice(at + word.length);
  },
  // One bracket, many times.
  (text, random) => {
    const at = random.integer(text.length + 1);
    return (
      text.slice(0, at) +
      pick(['[', '{a: ', '- ', '(', '"'], random).repeat(random.integer(300)) +
      text.slice(at)
    );
  },
];

/** Edits after which most files still are right. */
const MILD: readonly Mutation[] = [
  (text, random) => replaceOne(text, /\b[0-9]+\b/g, String(random.integer(20)), random),
  (text, random) => replaceOne(text, /\bfile\b/g, pick(['folder', 'metrics', 'file'], random), random),
  (text, random) =>
    replaceOne(text, / {2}[a-z]+: /g, `  ${pick(['in', 'out', 'with', 'desc', 'x'], random)}: `, random),
  (text, random) => replaceOne(text, /\n/g, `\n${' '.repeat(random.integer(4))}# a remark\n`, random),
  (text, random) => replaceOne(text, /, [a-z]+: [a-z.]+(?=[,}])/g, '', random),
];

function replaceOne(text: string, pattern: RegExp, by: string, random: Random): string {
  const found = [...text.matchAll(pattern)];
  if (found.length === 0) return text;
  const { index, 0: old } = pick(found, random);
  return text.slice(0, index) + by + text.slice(index + old.length);
}

/** One to six mutations, one after the other; in every other file only mild ones. */
export function mutate(text: string, random: Random): string {
  let broken = text;
  if (random.integer(2) === 0) return pick(MILD, random)(pick(MILD, random)(text, random), random);
  for (let left = 1 + random.integer(6); left > 0; left--) broken = pick(MUTATIONS, random)(broken, random);
  return broken;
}
