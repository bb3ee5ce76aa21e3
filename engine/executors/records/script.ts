/** @file What a shell is given to start a command: pure text in which every value is quoted. */
import { quoteWord } from '../command.ts';
import type { Launch } from '../executor.ts';

/** Given by the scheduler or the wrapper where the job runs, not known before: they are passed on where they are set. */
const GRANTED = [
  'CUDA_VISIBLE_DEVICES',
  'CUDA_DEVICE_ORDER',
  'ROCR_VISIBLE_DEVICES',
  'HIP_VISIBLE_DEVICES',
  'GPU_DEVICE_ORDINAL',
  'ZE_AFFINITY_MASK',
] as const;

/**
 * The text of `command.sh FOLDER-OF-THE-JOB`: the command with exactly its environment. The values of `secrets` are not in
 * it: they are inherited from the wrapper. `granted`: further names that are set only where it runs.
 */
export function commandScript(
  launch: Omit<Launch, 'stdin'>,
  secrets: readonly string[],
  granted: readonly string[] = [],
): string {
  const { argv, cwd, env } = launch;
  const inherited = secrets.filter((name) => SHELL_NAME.test(name));
  const known = Object.entries(env).filter(([name]) => !secrets.includes(name));
  const words = [
    ...[...GRANTED, ...granted].map((name) => `$\{${name}+"${name}=$${name}"}`),
    ...known.map(([name, value]) => quoteWord(`${name}=${value}`)),
    ...program(argv),
  ];
  return [
    '# The command of one attempt; its wrapper calls it.',
    'missing() {',
    '  printf "%s\\n" "$1" >"$job/not-started"',
    '  exit 127',
    '}',
    'job=$1',
    `cd ${quoteWord(cwd)} 2>/dev/null || missing ENOTDIR`,
    ...lookFor(argv[0], env['PATH']),
    ...(inherited.length === 0 ? ['set --'] : dropAllBut(inherited)),
    `exec env ${inherited.length === 0 ? '-i' : '"$@"'} -- ${words.join(' \\\n  ')}`,
    '',
  ].join('\n');
}

const SHELL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** `env` takes a word with `=` for a variable, even where the program should be. */
function program(argv: Launch['argv']): string[] {
  const words = argv.map(quoteWord);
  return argv[0].includes('=') ? ['/bin/sh', '-c', `'exec "$0" "$@"'`, ...words] : words;
}

/** That a program is missing is told apart from a program that ends with 127. */
function lookFor(file: string, path: string | undefined): string[] {
  const word = quoteWord(file);
  if (file.includes('/')) {
    return [`[ -e ${word} ] || missing ENOENT`, `[ -x ${word} ] || missing EACCES`];
  }
  if (path === undefined) return [];
  return [`(PATH=${quoteWord(path)}; command -v ${word}) >/dev/null || missing ENOENT`];
}

/**
 * Words for `env` that take away everything inherited but these. Their values never become arguments, which every user of
 * the machine could read. Lines inside of values give further names that are not set, which does no harm.
 */
function dropAllBut(names: readonly string[]): string[] {
  return [
    'set -- -u _',
    'set -f',
    "IFS='",
    "'",
    `for name in $(env | sed -n 's/^\\([^= -][^= ]*\\)=.*/\\1/p'); do`,
    '  case $name in',
    `    ${names.join(' | ')}) ;;`,
    '    *) set -- "$@" -u "$name" ;;',
    '  esac',
    'done',
    'unset IFS',
  ];
}
