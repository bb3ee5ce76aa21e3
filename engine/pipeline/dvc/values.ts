/** @file YAML and JSON files beside a dvc.yaml: what `vars` and `params` name. Each is read once. */
import { extname } from 'node:path';
import type { Diagnostic } from '../../../base/diagnostic.ts';
import { type Problems, problemsIn } from '../problems.ts';
import type { Reads } from '../reads.ts';
import { parseTree } from '../yaml/parse.ts';
import { type MapNode, mapNode, type Range } from '../yaml/tree.ts';

export interface ValueFiles {
  /** As the load first saw it. */
  look: Reads['look'];
  /** The map in a file; undefined after an error, told at `range` or at its place in that file. */
  read(path: string, shown: string, range: Range): MapNode | undefined;
  /** What is wrong inside the files. */
  readonly faults: readonly Diagnostic[];
}

export function valueFiles(problems: Problems, reads: Reads): ValueFiles {
  const known = new Map<string, MapNode | undefined>();
  const faults: Diagnostic[] = [];

  function load(path: string, shown: string, range: Range): MapNode | undefined {
    const later = extname(path) === '.toml' ? 'TOML' : extname(path) === '.py' ? 'Python' : undefined;
    if (later !== undefined) {
      problems.error('not-supported-yet', range, `Values in ${later} files are not supported yet.`, {
        hint: 'write them as YAML or JSON',
        about: path,
      });
      return undefined;
    }
    let text: string;
    try {
      text = new TextDecoder().decode(reads.bytes(path));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const message =
        code === 'ENOENT' ? `There is no file "${shown}".` : `"${shown}" cannot be read (${code}).`;
      const fault = code === 'ENOENT' ? 'missing-file' : 'unreadable-file';
      problems.error(fault, range, message, { hint: `looked for ${path}`, about: path });
      return undefined;
    }
    const inside = problemsIn(path, text);
    const node = parseTree(text, inside, { anyKeys: true });
    faults.push(...inside.errors);
    if (inside.errors.length > 0 || node === undefined) return undefined;
    if (node.kind === 'map') return node;
    if (node.kind === 'scalar' && node.value === null) return mapNode(range, []);
    problems.error('wrong-type', range, `"${shown}" must hold a map, but holds a ${node.kind}.`, {
      hint: 'give each value a name',
      about: path,
    });
    return undefined;
  }

  return {
    look: reads.look,
    faults,
    read: (path, shown, range) => {
      if (!known.has(path)) known.set(path, load(path, shown, range));
      return known.get(path);
    },
  };
}
