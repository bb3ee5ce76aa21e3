/** @file `run:` -> words and placeholders. A value reaches a command as exactly one word, or not at all. */
import { basename } from 'node:path';
import type { Json } from '../../../base/json.ts';
import type { Command, CommandPart } from '../graph.ts';
import { listed, scalarText } from '../names.ts';
import type { Problems } from '../problems.ts';
import { type MapNode, type Node, type Range, type ScalarNode, toJson } from '../yaml/tree.ts';
import { lookup, type Scope } from './interpolate.ts';
import { quotingScanner, type Unsafe } from './quoting.ts';
import { type Placeholder, parseTemplate } from './template.ts';

export interface CommandScope {
  readonly scope: Scope;
  /** The stage after interpolation: its `in`, `out` and `with` are what placeholders name. */
  readonly stage: MapNode;
}
export interface BuiltCommand {
  readonly command: Command;
  /** Values that placeholders name beyond the stage's own `with`: of the pipeline, of the matrix, members. */
  readonly values: { readonly [name: string]: Json };
}

/** Shells that read 'it'\''s' as one word. */
const POSIX_SHELLS: ReadonlySet<string> = new Set([
  'sh',
  'bash',
  'dash',
  'ash',
  'ksh',
  'mksh',
  'zsh',
  'busybox',
]);

export function buildCommand(node: Node, context: CommandScope): BuiltCommand | undefined {
  const values: { [name: string]: Json } = {};
  const resolve = (placeholder: Placeholder, range: Range): CommandPart | undefined =>
    resolvePlaceholder(placeholder, range, context, values);
  const command = node.kind === 'list' ? argv(node.items, context, resolve) : shell(node, context, resolve);
  return command === undefined ? undefined : { command, values };
}

type Resolve = (placeholder: Placeholder, range: Range) => CommandPart | undefined;

function partsOf(
  text: string,
  range: Range,
  problems: Problems,
): readonly (string | Placeholder)[] | undefined {
  const { parts, unclosed } = parseTemplate(text);
  if (!unclosed) return parts;
  problems.error('bad-interpolation', range, 'An opening ${ has no closing brace.', {
    hint: 'write $${ for the characters themselves',
  });
  return undefined;
}

function argv(items: readonly Node[], { scope }: CommandScope, resolve: Resolve): Command | undefined {
  const words: CommandPart[][] = [];
  let whole = true;
  for (const item of items) {
    if (item.kind !== 'scalar' || item.value === null) return undefined;
    const text = scalarText(item.value);
    const parts = partsOf(text, item.range, scope.problems)?.map((part) =>
      typeof part === 'string' ? part : resolve(part, item.range),
    );
    if (parts === undefined || parts.includes(undefined)) whole = false;
    else words.push(parts.length === 0 ? [''] : (parts as CommandPart[]));
  }
  return whole && words.length > 0 ? { form: 'argv', words } : undefined;
}

function shell(node: Node, context: CommandScope, resolve: Resolve): Command | undefined {
  const { problems } = context.scope;
  if (node.kind !== 'scalar' || typeof node.value !== 'string') return undefined;
  if (node.comment !== undefined) {
    const message = 'YAML takes this for a comment: it is no part of the command.';
    const hint =
      'if it is meant for the shell, quote the command or write it under run: |; else put it on a line above';
    problems.warn('comment-in-run', node.comment, message, { hint });
  }
  const written = context.stage.entries.get('shell')?.value;
  const program = shellOf(written);
  const template = partsOf(node.value, node.range, problems);
  if (program === undefined || template === undefined) return undefined;
  const scanner = quotingScanner();
  const parts: CommandPart[] = [];
  let whole = true;
  for (const part of template) {
    if (typeof part === 'string') {
      scanner.text(part);
      parts.push(part);
      continue;
    }
    const unsafe = scanner.placeholder();
    if (unsafe !== undefined) refuse(part, unsafe, node as ScalarNode, problems);
    const resolved = resolve(part, node.range);
    if (resolved === undefined || unsafe !== undefined) whole = false;
    else parts.push(resolved);
  }
  const name = basename(program[0] as string);
  if (parts.some((part) => typeof part !== 'string') && !POSIX_SHELLS.has(name)) {
    problems.error(
      'unsafe-shell',
      written?.range ?? node.range,
      `Placeholders are quoted for a POSIX shell, and "${name}" may read them otherwise.`,
      {
        hint: 'write run: as a list, e.g. [python, script.py, "${in.data}"], or read WARREN_IN_..., WARREN_OUT_... and WARREN_PARAMS',
      },
    );
  }
  return whole ? { form: 'shell', shell: program, parts } : undefined;
}

function shellOf(node: Node | undefined): readonly string[] | undefined {
  if (node === undefined) return ['/bin/sh', '-c'];
  const value = toJson(node);
  return Array.isArray(value) && value.length > 0 && value.every((word) => typeof word === 'string')
    ? (value as string[])
    : undefined;
}

const WHY: {
  readonly [U in Unsafe]: { readonly code: string; readonly where: string; readonly hint: string };
} = {
  quotes: {
    code: 'placeholder-in-quotes',
    where: 'inside quotes',
    hint: 'take it out of the quotes: it becomes one quoted word by itself',
  },
  comment: { code: 'placeholder-in-comment', where: 'in a comment of the command', hint: 'delete it there' },
  'here-document': {
    code: 'placeholder-in-here-document',
    where: 'after << of a here-document',
    hint: 'put the value in a variable before it: x=${with.x}',
  },
  arithmetic: {
    code: 'placeholder-in-expansion',
    where: 'inside $((...))',
    hint: 'put the value in a variable before it: x=${with.x}',
  },
  expansion: {
    code: 'placeholder-in-expansion',
    where: 'inside ${...} of the shell',
    hint: 'put the value in a variable before it: x=${with.x}',
  },
  escape: {
    code: 'placeholder-after-backslash',
    where: 'right after a backslash',
    hint: 'delete the backslash, or write $${ for the characters themselves',
  },
};

function refuse(placeholder: Placeholder, unsafe: Unsafe, node: ScalarNode, problems: Problems): void {
  const { code, where, hint } = WHY[unsafe];
  problems.error(
    code,
    problems.narrow(node.range, placeholder.written),
    `${placeholder.written} stands ${where}, where a value could become code.`,
    { hint },
  );
}

function resolvePlaceholder(
  placeholder: Placeholder,
  range: Range,
  context: CommandScope,
  values: { [name: string]: Json },
): CommandPart | undefined {
  const [root = '', ...path] = placeholder.name.split('.');
  const own = context.stage.entries.get(root)?.value;
  const first = path[0] ?? '';
  if (root === 'in' || root === 'out') {
    if (own?.kind === 'map' && own.entries.has(first) && path.length === 1) return { ref: root, name: first };
    unknownFace(placeholder, range, root, own, context.scope.problems);
    return undefined;
  }
  // The stage's own parameters come first, then the pipeline's: the nearest declaration counts.
  if (root === 'with' && own?.kind === 'map' && own.entries.has(first)) {
    if (path.length === 1) return { ref: 'with', name: first };
    const value = lookup(placeholder, range, { ...context.scope, with: own, used: () => undefined });
    return value && hoist(path.join('.'), value);
  }
  const value = lookup(placeholder, range, context.scope);
  return value && hoist(root === 'with' ? path.join('.') : placeholder.name, value);

  // Hoisted values join the stage's `with`, so that they enter its key.
  function hoist(name: string, node: Node): CommandPart {
    values[name] = toJson(node);
    return { ref: 'with', name };
  }
}

function unknownFace(
  placeholder: Placeholder,
  range: Range,
  root: 'in' | 'out',
  own: Node | undefined,
  problems: Problems,
): void {
  const known = own?.kind === 'map' ? [...own.entries.keys()] : [];
  const name = placeholder.name.slice(root.length + 1);
  const what = root === 'in' ? 'input' : 'output';
  problems.error(
    'unknown-name',
    problems.narrow(range, placeholder.written),
    `The stage has no ${what} "${name}".`,
    {
      hint:
        problems.suggest(name, known) ??
        (known.length > 0 ? `it has ${listed(known)}` : `declare it under ${root}:`),
      about: placeholder.name,
    },
  );
}
