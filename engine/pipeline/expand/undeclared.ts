/** @file The warning `undeclared-input`: a command names a file of the project that its key does not know. */
import { statSync } from 'node:fs';
import { basename, extname, relative, resolve, sep } from 'node:path';
import { findProject } from '../../project.ts';
import type { Binding, Stage } from '../graph.ts';
import type { Node, Range } from '../yaml/tree.ts';
import type { Written } from './draft.ts';
import type { Task } from './instance.ts';
import { plainWords, type Word } from './words.ts';

/** Warns of what one command after another names. */
export type UndeclaredCheck = (task: Task, stage: Stage) => void;

export function undeclaredIn({ path: file, folder, tools: { problems, reads } }: Written): UndeclaredCheck {
  let root: string | undefined;
  const seen = new Map<string, boolean>();

  function exists(path: string): boolean {
    let found = seen.get(path);
    if (found === undefined) {
      found = standsAt(path);
      seen.set(path, found);
      // Only what is warned of: a compiled plan holds as long as the warnings do.
      if (found) reads.look(path);
    }
    return found;
  }

  return (task, stage) => {
    const run = task.node.entries.get('run')?.value;
    if (stage.command === undefined || run === undefined || task.leftOut !== undefined) return;
    const declared = Object.values(stage.in).flatMap(pathsOf);
    for (const word of plainWords(stage.command)) {
      const text = fileIn(word.text, (path) => {
        root ??= findProject(file).root;
        return (
          isBelow(path, root) && path !== root && exists(path) && !declared.some((one) => isBelow(path, one))
        );
      });
      if (text === undefined) continue;
      problems.warn(
        'undeclared-input',
        rangeOf(word, run, text),
        `The command names ${text}, and a change of it would not be seen.`,
        { hint: hintFor(text, stage), about: text },
      );
    }
  };

  function rangeOf({ at }: Word, run: Node, text: string): Range {
    const item = run.kind === 'list' && at !== undefined ? run.items[at] : undefined;
    return problems.narrow((item ?? run).range, text);
  }

  /** The word, or what stands after its first `=`, if that is such a path. */
  function fileIn(word: string, isFile: (path: string) => boolean): string | undefined {
    const after = word.slice(word.indexOf('=') + 1);
    return [word, after].find(
      (text) => /[/.]/.test(text) && !text.startsWith('-') && isFile(resolve(folder, text)),
    );
  }

  function hintFor(text: string, { in: inputs }: Stage): string {
    const stem = basename(text, extname(text)).replace(/[^A-Za-z0-9_-]/g, '_');
    const name = /^[A-Za-z]/.test(stem) ? stem : `file_${stem}`;
    const path = relative(folder, resolve(folder, text)).split(sep).join('/');
    const line = `${name}: ${path.startsWith('..') ? path : `./${path}`}`;
    return Object.keys(inputs).length > 0 ? `add ${line} under in:` : `add in: { ${line} }`;
  }
}

function pathsOf(binding: Binding): string[] {
  const sources = binding.arity === 'one' ? [binding.source] : binding.items.map(([, source]) => source);
  return sources.flatMap((source) => (source.kind === 'file' ? [source.path] : []));
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}

function standsAt(path: string): boolean {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat !== undefined && (stat.isFile() || stat.isDirectory());
  } catch {
    return false;
  }
}
