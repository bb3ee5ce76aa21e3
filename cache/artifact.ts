import type { Digest } from '../base/ids.ts';

/** What an output is in the cache. A file that can be executed is another object than the same bytes that cannot. */
export interface Artifact {
  readonly form: 'file' | 'exec' | 'tree';
  readonly digest: Digest;
  /** Set when the cache could not take the bytes: where they are for as long as this run goes on. */
  readonly held?: Held | undefined;
}

interface Held {
  readonly path: string;
  /** Of a folder: what would be its list. */
  readonly entries?: readonly TreeEntry[] | undefined;
}

/** A member of a folder. Lists are sorted by path in code-point order; `dir` only for an empty one. */
export type TreeEntry =
  | readonly [path: string, form: 'file' | 'exec', digest: Digest]
  | readonly [path: string, form: 'dir']
  | readonly [path: string, form: 'link', target: string];

/** Something about bytes on disk that no digest can be given for. */
export interface ArtifactFault {
  readonly code:
    | 'missing'
    | 'symlink-escapes'
    | 'special-file'
    | 'bad-name'
    | 'name-collision'
    | 'not-a-folder'
    | 'not-a-file';
  readonly path: string;
  /** A sentence; of what a stage made, one that can follow a colon. */
  readonly message: string;
}
