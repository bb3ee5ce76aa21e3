/** @file The stat memo: (device, inode, size, mtime, ctime) -> digest, so that a file is hashed once. */
import {
  appendFileSync,
  type BigIntStats,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { hexOf } from '../base/digest.ts';
import type { Digest } from '../base/ids.ts';
import { identityOf, isRacy } from './identity.ts';
import { temporaryBeside } from './publish.ts';

export interface Memo {
  /** The digest of a file with these times, if it was hashed when they could no longer be shared by a later write. */
  lookup(stat: BigIntStats, identity?: string): Digest | undefined;
  /** `readAt`: milliseconds since the epoch when reading the bytes began. */
  record(stat: BigIntStats, digest: Digest, readAt: number): void;
  /** Appends what is new; a memo that cannot be written only makes the next run slower. */
  flush(): void;
}

/** A line: identity (five numbers), when it was read, 64 hex digits. Looked at only when it is asked for. */
const REST = /^ (\d+) ([0-9a-f]{64})$/;

export function openMemo(path: string): Memo {
  const lines = new Map<string, string>();
  const fresh: string[] = [];
  let stored = 0;
  for (const line of readLines(path)) {
    stored++;
    lines.set(inodeOf(line), line);
  }

  return {
    lookup: (stat, identity = identityOf(stat)) => {
      const line = lines.get(inodeOf(identity));
      if (line === undefined || !line.startsWith(identity)) return undefined;
      const [, readAt, hex] = REST.exec(line.slice(identity.length)) ?? [];
      if (hex === undefined || isRacy(stat.mtimeNs, Number(readAt))) return undefined;
      return `sha256:${hex}` as Digest;
    },
    record: (stat, digest, readAt) => {
      const line = `${identityOf(stat)} ${readAt} ${hexOf(digest)}`;
      if (lines.get(inodeOf(line)) === line) return;
      lines.set(inodeOf(line), line);
      fresh.push(line);
    },
    flush: () => {
      if (fresh.length === 0) return;
      try {
        mkdirSync(dirname(path), { recursive: true });
        // Rewritten when most lines are dead; appended otherwise, which other engines may do at the same time.
        if (stored > 1000 && stored > 2 * lines.size) rewrite(path, [...lines.values()]);
        else appendFileSync(path, `${fresh.join('\n')}\n`);
        stored += fresh.length;
        fresh.length = 0;
      } catch {}
    },
  };
}

function inodeOf(line: string): string {
  return line.slice(0, line.indexOf(' ', line.indexOf(' ') + 1));
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

function rewrite(path: string, lines: readonly string[]): void {
  const temporary = temporaryBeside(path);
  writeFileSync(temporary, `${lines.join('\n')}\n`);
  renameSync(temporary, path);
}
