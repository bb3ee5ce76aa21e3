/** @file Pipeline files read into drafts: the main one, and those that its stages name, each once. */
import { realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { findProject } from '../project.ts';
import { type Draft, draftOf, type Understood, type Written } from './expand/draft.ts';
import { movedTo, readParameters } from './expand/parameters.ts';
import { type Problems, problemsIn } from './problems.ts';
import type { Found, Reads } from './reads.ts';
import type { Registry } from './registry.ts';
import { readText, type Text } from './text.ts';
import { parseTree } from './yaml/parse.ts';
import type { Entry, Range } from './yaml/tree.ts';

/** Pipelines inside pipelines, at most. */
const MAX_LEVELS = 16;

export interface Library {
  readonly main: Written;
  /** In the order in which they were first named. */
  readonly all: readonly Written[];
  /** What is wrong with files of parameters. */
  readonly parameters: readonly Problems[];
}

interface Known {
  readonly written: Written;
  /** Levels of children below it. */
  readonly height: number;
}

/** Reads `main` and everything below it; what is wrong with a file is in its own problems. */
export function readLibrary(main: Text, registry: Registry, reads: Reads): Library {
  const known = new Map<string, Known>();
  const all: Written[] = [];
  const parameterFiles = new Map<string, readonly Entry[]>();
  const parameterProblems: Problems[] = [];
  const { root } = findProject(main.path);

  /** `chain`: the files on the way to this one, outermost first. */
  function write(text: Text, chain: readonly Text[]): Known {
    const { file, path, folder } = text;
    const problems = problemsIn(file, text.text);
    const here = [...chain, text];
    let height = 0;
    let draft: Draft | undefined;
    const written: Written = {
      file,
      path,
      folder,
      used: { with: new Set(), in: new Set() },
      tools: { problems, registry, reads, parameters, child },
      get draft() {
        return draft;
      },
    };
    all.push(written);

    function parameters(word: string, range: Range): readonly Entry[] {
      const target = resolve(folder, word);
      let found = parameterFiles.get(target);
      if (found === undefined) {
        found = readParameterFile(word, target, range);
        parameterFiles.set(target, found);
      }
      return movedTo(range, found);
    }

    function readParameterFile(word: string, target: string, range: Range): readonly Entry[] {
      const refused = (code: string, message: string, hint?: string): Entry[] => {
        problems.error(code, range, message, { hint });
        return [];
      };
      if (/^(?:[a-z][a-z0-9+.-]*:|~)/i.test(word)) {
        return refused('bad-reference', `"${word}" is no path to a file.`, 'write ./params.yaml');
      }
      const stands = lookQuietly(target);
      if (stands === 'other' || stands === 'folder') {
        return refused('wrong-type', `"${word}" is no file.`, `looked at ${target}`);
      }
      const shown = isAbsolute(word) ? word : join(dirname(file), word);
      const read = readText(target, shown, reads);
      if (!read.ok) {
        const code = read.error.code === 'missing-pipeline' ? 'missing-file' : read.error.code;
        return refused(code, read.error.message, read.error.hint);
      }
      const own = problemsIn(shown, read.value.text);
      parameterProblems.push(own);
      return readParameters(parseTree(read.value.text, own), shown, own);
    }

    function lookQuietly(path: string): Found | undefined {
      try {
        return reads.look(path);
      } catch {
        return undefined;
      }
    }

    function child(word: string, range: Range): Understood | undefined {
      const target = resolve(folder, word);
      const found = isInside(target, root) ? open(target, word, range) : outside(word, range);
      if (found === undefined) return undefined;
      height = Math.max(height, found.height + 1);
      if (chain.length + height > MAX_LEVELS) {
        problems.error('too-deep', range, `Pipelines are nested more than ${MAX_LEVELS} levels deep here.`, {
          hint: 'write the stages of some of them into their parents',
        });
        return undefined;
      }
      return found.written.draft === undefined ? undefined : (found.written as Understood);
    }

    function outside(word: string, range: Range): undefined {
      problems.error('path-escapes', range, `"${word}" is outside of the project.`, {
        hint: `the project is ${root}; put the file there, or a warren.yaml in a folder above both`,
      });
    }

    function open(target: string, word: string, range: Range): Known | undefined {
      const at = here.findIndex((one) => one.path === target);
      if (at >= 0) {
        const circle = [...here.slice(at), here[at] as Text].map((one) => one.file);
        problems.error(
          'cycle',
          range,
          `These pipelines use each other in a circle: ${circle.join(' -> ')}.`,
          {
            hint: 'repeat a pipeline with rounds:',
          },
        );
        return undefined;
      }
      const before = known.get(target);
      if (before !== undefined) return before;
      // Deeper than any file may be: a circle through links would never end.
      if (here.length > MAX_LEVELS) return { written, height: MAX_LEVELS };
      const shown = isAbsolute(word) ? word : join(dirname(file), word);
      const read = readText(target, shown, reads);
      if (read.ok) return write(read.value, here);
      const { code, message, hint } = read.error;
      problems.error(code, range, message, { hint });
      return undefined;
    }

    const tree = parseTree(text.text, problems);
    draft = tree && draftOf(tree, path, written.tools);
    const result = { written, height };
    known.set(path, result);
    return result;
  }

  return { main: write(main, []).written, all, parameters: parameterProblems };
}

/** By its real path too, unless nothing is there, which is told later. */
function isInside(path: string, root: string): boolean {
  const below = (one: string, top: string): boolean =>
    one.startsWith(top.endsWith(sep) ? top : `${top}${sep}`);
  if (!below(path, root)) return false;
  try {
    return below(realpathSync(path), realpathSync(root));
  } catch {
    return true;
  }
}
