/** @file Walks a folder into a flat, sorted list of its members. Follows no links. */
import { type BigIntStats, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { compareCodePoints } from '../base/canonical.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { ArtifactFault } from './artifact.ts';
import { escapingLink } from './links.ts';

/** `path` is relative to the folder, with `/`. Folders are listed only when empty: the others follow from their members. */
export type Member<F> =
  | { readonly kind: 'file'; readonly path: string; readonly file: F }
  | { readonly kind: 'dir'; readonly path: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

export interface Walk<F> {
  readonly members: readonly Member<F>[];
  /** Every folder met, the root as '', with all names in it. Their times tell when a name was added or removed. */
  readonly folders: ReadonlyMap<string, readonly string[]>;
}

/** `take` says what is kept of a file: the stats of 200,000 would fill the memory. */
export function walkFolder<F>(
  root: string,
  skip: (name: string, path: string) => boolean,
  take: (path: string, stat: BigIntStats) => F,
): Result<Walk<F>, ArtifactFault> {
  const members: Member<F>[] = [];
  const folders = new Map<string, readonly string[]>();
  const links = new Map<string, string>();
  const queue = [''];
  for (let folder = queue.pop(); folder !== undefined; folder = queue.pop()) {
    const all = readdirSync(join(root, folder));
    folders.set(folder, all);
    const pathOf = (name: string): string => (folder === '' ? name : `${folder}/${name}`);
    const names = all.filter((name) => !skip(name, pathOf(name)));
    if (names.length === 0 && folder !== '') members.push({ kind: 'dir', path: folder });
    for (const name of names) {
      const path = pathOf(name);
      if (name.includes('\ufffd')) return err(fault('bad-name', path, 'has a name that is not UTF-8'));
      const stat = lstatSync(`${root}/${path}`, { bigint: true });
      if (stat.isDirectory()) queue.push(path);
      else if (stat.isFile()) members.push({ kind: 'file', path, file: take(path, stat) });
      else if (stat.isSymbolicLink()) {
        const target = readlinkSync(join(root, path));
        if (target.includes('\ufffd'))
          return err(fault('bad-name', path, 'is a link to a name that is not UTF-8'));
        links.set(path, target);
        members.push({ kind: 'link', path, target });
      } else return err(fault('special-file', path, 'is neither a file, a folder nor a link'));
    }
  }
  const escaping = links.size === 0 ? undefined : escapingLink(links);
  if (escaping !== undefined) return err(escapes(escaping, links.get(escaping) as string));
  members.sort((a, b) => compareCodePoints(a.path, b.path));
  return ok({ members, folders });
}

function fault(code: ArtifactFault['code'], path: string, what: string): ArtifactFault {
  return { code, path, message: `${JSON.stringify(path)} ${what}.` };
}

function escapes(path: string, target: string): ArtifactFault {
  if (!target.startsWith('/')) {
    return fault('symlink-escapes', path, `is a link to ${target}, which leads out of the folder`);
  }
  return fault(
    'symlink-escapes',
    path,
    `is a link to ${target}; links in a folder are relative and stay inside`,
  );
}
