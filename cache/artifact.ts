import type { Digest } from '../base/ids.ts';

/** What an output is in the cache. A file that can be executed is another object than the same bytes that cannot. */
export interface Artifact {
  readonly form: 'file' | 'exec' | 'tree';
  readonly digest: Digest;
}

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
