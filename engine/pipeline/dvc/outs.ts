/** @file Who writes which path: each path has one writer, and no output lies inside another. */
import { dirname, relative, sep } from 'node:path';
import type { StageId } from '../../../base/ids.ts';
import type { Problems } from '../problems.ts';
import { isRemote } from './remote.ts';
import type { DvcStage, OutOf } from './stage.ts';

export interface Written {
  readonly stage: StageId;
  readonly out: OutOf;
}

export interface Writers {
  /** The output at the path, or the one whose folder holds it. */
  at(path: string): Written | undefined;
  /** Outputs below the path. */
  below(path: string): readonly Written[];
}

/** `root` is the project's folder: outputs stay inside it. `file` is the dvc.yaml. */
export function writersOf(
  stages: readonly DvcStage[],
  root: string,
  file: string,
  problems: Problems,
): Writers {
  const byPath = new Map<string, Written>();
  const inside = new Map<string, Written[]>();
  for (const { generated, outs } of stages) {
    for (const out of outs) {
      if (!mayBeWritten(out, root, file, problems)) continue;
      const written: Written = { stage: generated.id as StageId, out };
      const first = byPath.get(out.path);
      if (first !== undefined) {
        const others =
          first.stage === written.stage ? 'twice' : `by "${first.stage}" and by "${written.stage}"`;
        problems.error('duplicate-output', out.range, `"${out.label}" is written ${others}.`, {
          related: [{ message: 'the first is here', range: first.out.range }],
          hint: 'give each output a path of its own',
          about: out.label,
        });
        continue;
      }
      byPath.set(out.path, written);
      for (const above of foldersAbove(out.path, root)) {
        const list = inside.get(above);
        if (list === undefined) inside.set(above, [written]);
        else list.push(written);
      }
    }
  }
  for (const { out } of byPath.values()) {
    const [inner] = inside.get(out.path) ?? [];
    if (inner === undefined) continue;
    const message = `The output "${inner.out.label}" of "${inner.stage}" lies inside the output "${out.label}".`;
    problems.error('overlapping-outputs', inner.out.range, message, {
      related: [{ message: 'the folder is here', range: out.range }],
      hint: 'write them to different folders',
      about: inner.out.label,
    });
  }
  return {
    at: (path) => {
      const own = byPath.get(path);
      if (own !== undefined) return own;
      const above = foldersAbove(path, root).find((folder) => byPath.has(folder));
      return above === undefined ? undefined : byPath.get(above);
    },
    below: (path) => inside.get(path) ?? [],
  };
}

/** Nearest first, the root last; none for what is not inside the root. */
function foldersAbove(path: string, root: string): string[] {
  const folders: string[] = [];
  for (let at = dirname(path); isInside(at, root); at = dirname(at)) {
    folders.push(at);
    if (at === root) break;
  }
  return folders;
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === sep ? folder : `${folder}${sep}`);
}

function mayBeWritten(out: OutOf, root: string, file: string, problems: Problems): boolean {
  const refuse = (code: string, message: string, hint: string): false => {
    problems.error(code, out.range, message, { hint, about: out.label });
    return false;
  };
  if (isRemote(out.written)) {
    return refuse(
      'not-supported-yet',
      `"${out.written}" is not on this machine.`,
      'write to a path of the project',
    );
  }
  if (out.path === root || !isInside(out.path, root)) {
    return refuse(
      'path-escapes',
      `The output "${out.written}" is not inside the project.`,
      `write below ${root}`,
    );
  }
  if (isInside(file, out.path)) {
    return refuse(
      'bad-output',
      `The output "${out.written}" holds the pipeline file itself.`,
      'write to a folder of its own',
    );
  }
  if (
    relative(root, out.path)
      .split(sep)
      .some((name) => name === '.warren' || name === '.git' || name === '.dvc')
  ) {
    return refuse(
      'bad-output',
      `"${out.written}" lies in a folder that belongs to a tool.`,
      'choose another folder',
    );
  }
  return true;
}
