/** @file Walks a folder into a flat, sorted list of its members. Follows no links. */
import { type BigIntStats, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { isAbsolute, join, posix } from 'node:path';
import { compareCodePoints } from '../base/canonical.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { ArtifactFault } from './artifact.ts';

/** `path` is relative to the folder, with `/`. Folders are listed only when empty: the others follow from their members. */
type Member =
  | { readonly kind: 'file'; readonly path: string; readonly stat: BigIntStats }
  | { readonly kind: 'dir'; readonly path: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

export interface Walk {
  readonly members: readonly Member[];
  /** Every folder met, the root as ''. Their times tell when a name was added or removed. */
  readonly folders: readonly string[];
}

export function walkFolder(
  root: string,
  skip: (name: string) => boolean = () => false,
): Result<Walk, ArtifactFault> {
  const members: Member[] = [];
  const folders: string[] = [];
  const queue = [''];
  for (let folder = queue.pop(); folder !== undefined; folder = queue.pop()) {
    folders.push(folder);
    const names = readdirSync(join(root, folder)).filter((name) => !skip(name));
    if (names.length === 0 && folder !== '') members.push({ kind: 'dir', path: folder });
    for (const name of names) {
      const path = folder === '' ? name : `${folder}/${name}`;
      if (name.includes('\ufffd')) return err(fault('bad-name', path, 'has a name that is not UTF-8'));
      const stat = lstatSync(join(root, path), { bigint: true });
      if (stat.isDirectory()) queue.push(path);
      else if (stat.isFile()) members.push({ kind: 'file', path, stat });
      else if (stat.isSymbolicLink()) {
        const target = readlinkSync(join(root, path));
        if (escapes(path, target))
          return err(fault('symlink-escapes', path, `is a link to ${target}, outside of the folder`));
        members.push({ kind: 'link', path, target });
      } else return err(fault('special-file', path, 'is neither a file, a folder nor a link'));
    }
  }
  members.sort((a, b) => compareCodePoints(a.path, b.path));
  return ok({ members, folders });
}

function fault(code: ArtifactFault['code'], path: string, what: string): ArtifactFault {
  return { code, path, message: `${JSON.stringify(path)} ${what}.` };
}

function escapes(path: string, target: string): boolean {
  if (isAbsolute(target)) return true;
  const end = posix.normalize(posix.join(posix.dirname(path), target));
  return end === '..' || end.startsWith('../');
}
