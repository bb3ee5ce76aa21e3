/**
 * @file Whether a list is one that a folder can have. Its digest says that it is what somebody wrote, not that it is
 * harmless: a list from elsewhere could name `../x`, or write through a link that it makes first.
 */
import type { Digest } from '../base/ids.ts';
import type { TreeEntry } from './artifact.ts';
import { folded } from './folded.ts';
import { isDigest } from './layout.ts';
import { escapingLink } from './links.ts';

/** Lists that were looked at in this process: a digest has one answer. */
const sound = new Set<Digest>();

export function isTree(value: unknown, digest: Digest): value is readonly TreeEntry[] {
  if (sound.has(digest)) return true;
  if (!Array.isArray(value) || !value.every(isEntry) || !fitTogether(value)) return false;
  const links = new Map<string, string>();
  for (const [path, form, target] of value) if (form === 'link') links.set(path, target);
  if (links.size > 0 && escapingLink(links) !== undefined) return false;
  sound.add(digest);
  return true;
}

function isEntry(value: unknown): value is TreeEntry {
  if (!Array.isArray(value) || typeof value[0] !== 'string' || !isPath(value[0])) return false;
  switch (value[1]) {
    case 'file':
    case 'exec':
      return value.length === 3 && isDigest(value[2]);
    case 'dir':
      return value.length === 2;
    case 'link':
      return (
        value.length === 3 && typeof value[2] === 'string' && value[2] !== '' && !value[2].includes('\0')
      );
    default:
      return false;
  }
}

function isPath(path: string): boolean {
  if (path.includes('\0')) return false;
  return path.split('/').every((name) => name !== '' && name !== '.' && name !== '..' && fits(name));
}

/** 255 bytes, which is at most 85 characters of any kind. */
function fits(name: string): boolean {
  return name.length <= 85 || Buffer.byteLength(name) <= 255;
}

/** No name twice, also where case does not count, and nothing inside of what is no folder. */
function fitTogether(entries: readonly TreeEntry[]): boolean {
  const leaves = new Set<string>();
  for (const [path] of entries) leaves.add(folded(path));
  if (leaves.size !== entries.length) return false;
  /** Folders as they are written, by how they are seen. */
  const folders = new Map<string, string>();
  for (const [path] of entries) {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const folder = path.slice(0, end);
      const seen = folded(folder);
      const known = folders.get(seen);
      if (known === folder) break;
      if (known !== undefined || leaves.has(seen)) return false;
      folders.set(seen, folder);
    }
  }
  return true;
}
