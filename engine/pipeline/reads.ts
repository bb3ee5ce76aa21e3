/**
 * @file What a load reads and looks at. Every file goes through here, so that a load sees one state of each, and a
 * compiled plan knows everything that it came from.
 */
import { readFileSync, statSync } from 'node:fs';
import { digestBytes } from '../../base/digest.ts';
import type { Guard } from '../../cache/guards.ts';
import { identityOf, isRacy } from '../../cache/identity.ts';

export type Found = 'file' | 'folder' | 'missing' | 'other';
/** What stood there when it was looked at; `unreadable`: the system gave an error. */
type Seen = Found | 'unreadable';

/** A path that was looked at without reading it, and what stood there. */
export type Look = readonly [path: string, seen: Seen];

export interface Reads {
  /** The bytes of a file, as they were when first asked for. Throws the system's error. */
  bytes(path: string): Buffer;
  /** What stands at a path. Throws the system's error, except that nothing is there. */
  look(path: string): Found;
  /** The files that were read so far. */
  files(): readonly Guard[];
  looks(): readonly Look[];
}

export function startReads(): Reads {
  const files = new Map<string, { readonly bytes: Buffer; readonly guard: Guard }>();
  const looks = new Map<string, Seen>();

  function read(path: string): { readonly bytes: Buffer; readonly guard: Guard } {
    // Times before bytes: a write between the two shows as a change, never as a match.
    const readAt = Date.now();
    const stat = statSync(path, { bigint: true });
    const bytes = readFileSync(path);
    const racy = isRacy(stat.mtimeNs, readAt);
    return { bytes, guard: { path, identity: identityOf(stat), digest: digestBytes(bytes), racy } };
  }

  return {
    bytes: (path) => {
      let file = files.get(path);
      if (file === undefined) {
        file = read(path);
        files.set(path, file);
      }
      return file.bytes;
    },
    look: (path) => {
      const known = looks.get(path);
      if (known !== undefined && known !== 'unreadable') return known;
      // Set first: that nothing can be said of a path is something that a load may go by, too.
      looks.set(path, 'unreadable');
      const found = lookAt(path);
      looks.set(path, found);
      return found;
    },
    files: () => [...files.values()].map(({ guard }) => guard),
    looks: () => [...looks],
  };
}

/** What stands at a path now; links are followed. */
function lookAt(path: string): Found {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 'missing';
  return stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : 'other';
}

/** Whether every look would find the same again. */
export function stillThere(looks: readonly Look[]): boolean {
  return looks.every(([path, seen]) => seeAt(path) === seen);
}

function seeAt(path: string): Seen {
  try {
    return lookAt(path);
  } catch {
    return 'unreadable';
  }
}
